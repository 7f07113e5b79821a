"""What a classifier reads: training writes it down beside the weights, so that serving gives it the same."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, field_validator

from serve.text.cleaning import DEFAULT_STEPS, Cleaner

INPUT_FILE = "input.json"


class TitleAndAbstract(Protocol):
    """A paper, whether it came over the wire or from a labelled set."""

    @property
    def title(self) -> str: ...
    @property
    def abstract(self) -> str: ...


@dataclass(frozen=True, slots=True)
class EncodedText:
    """Token ids of one text, cut to a limit, and what its words say beside them."""

    ids: list[int]
    truncated: bool
    evidence: float = 0.0


class ClassifierInput(BaseModel):
    """From a paper to the tokens of one row.

    `cleaning` names steps of `serve.text.cleaning`, in any order.
    `suffix` follows every text and is never cut off. A decoder sums up what it read at the last token: a question
    there tells it what to sum up, and a few hundred papers then teach it more.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cleaning: tuple[str, ...] = DEFAULT_STEPS
    suffix: str = ""

    @field_validator("cleaning")
    @classmethod
    def _steps_exist(cls, steps: tuple[str, ...]) -> tuple[str, ...]:
        return Cleaner(steps).steps

    @classmethod
    def load(cls, model_dir: Path) -> "ClassifierInput":
        return cls.model_validate_json((model_dir / INPUT_FILE).read_text(encoding="utf-8"))

    def save(self, model_dir: Path) -> None:
        (model_dir / INPUT_FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def text(self, paper: TitleAndAbstract) -> str:
        """The paper as one text: cleaned title, line break, cleaned abstract; without the suffix."""
        clean = self._cleaner(paper.title, paper.abstract)
        return f"{clean.title.text}\n{clean.abstract.text}".strip()

    @cached_property
    def _cleaner(self) -> Cleaner:
        return Cleaner(self.cleaning)

    def encode(
        self,
        tokenizer: Any,
        papers: Iterable[TitleAndAbstract],
        *,
        max_tokens: int,
        evidence: Callable[[str], float] = lambda _: 0.0,
    ) -> list[EncodedText]:
        """One row per paper, of `max_tokens` at most with the suffix; what is cut off is the end of the text.

        `evidence` is asked about the whole text, as `Calibration.evidence` can be.
        """
        suffix: list[int] = tokenizer(self.suffix, add_special_tokens=False).input_ids if self.suffix else []
        room = max_tokens - len(suffix)
        texts = [self.text(paper) for paper in papers]
        rows: list[list[int]] = tokenizer(texts).input_ids
        special = set(tokenizer.all_special_ids)
        return [
            EncodedText(_cut(ids, room, special) + suffix, truncated=len(ids) > room, evidence=evidence(text))
            for text, ids in zip(texts, rows, strict=True)
        ]


def _cut(ids: list[int], room: int, special: set[int]) -> list[int]:
    """At most `room` ids. An encoder's closing token stays last: it was never trained without one."""
    if len(ids) <= room:
        return ids
    closing = ids[-1:] if ids[-1] in special else []
    return ids[: room - len(closing)] + closing
