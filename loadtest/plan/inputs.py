"""What a plan is made from: papers, speeds, machines. Every figure is either measured or stated."""

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from serve.batching import padding_share, plan_batches

PUBMED_PAPERS = 38_000_000


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Lengths(_Input):
    """A sample of a corpus: characters of title and abstract together, paper by paper."""

    chars: tuple[int, ...] = Field(min_length=1)

    @classmethod
    def of(cls, papers: Iterable[tuple[str, str]]) -> Self:
        """From titles and abstracts."""
        return cls(chars=tuple(len(title) + len(abstract) for title, abstract in papers))

    @property
    def mean_chars(self) -> float:
        return sum(self.chars) / len(self.chars)


class Speed(_Input):
    """One replica of one model."""

    tokens_per_s: float = Field(gt=0)
    chars_per_token: float = Field(4.5, gt=0, description="Of the texts that the model reads.")
    max_tokens: int | None = Field(None, gt=0, description="Of a paper; what is longer is cut. Null: all is read.")
    dense_batch_tokens: int | None = Field(
        None,
        gt=0,
        description="Where the speed was stated for batches without padding: their size. A measured speed has its "
        "padding in it already: it counts the tokens of the papers, and padding was part of the time.",
    )
    share_of_machine: float = Field(1.0, gt=0, le=1)
    start_s: float = Field(60.0, ge=0, description="From nothing to the first paper.")

    def tokens(self, lengths: Lengths) -> float:
        """Tokens of a paper, on average."""
        return sum(self._tokens(chars) for chars in lengths.chars) / len(lengths.chars)

    def papers_per_s(self, lengths: Lengths) -> float:
        """Papers of these lengths that one replica reads, padding counted where the speed does not hold it."""
        return self.tokens_per_s * (1 - self.padding(lengths)) / self.tokens(lengths)

    def padding(self, lengths: Lengths) -> float:
        """Share of the batches' tokens that is padding, in [0, 1): batches as the service makes them."""
        if self.dense_batch_tokens is None:
            return 0.0
        rows = [max(1, round(self._tokens(chars))) for chars in lengths.chars]
        batches = [[rows[i] for i in batch] for batch in plan_batches(rows, max_batch_tokens=self.dense_batch_tokens)]
        padded = [len(batch) * max(batch) for batch in batches]
        return sum(padding_share(batch) * size for batch, size in zip(batches, padded, strict=True)) / sum(padded)

    def _tokens(self, chars: int) -> float:
        tokens = max(1.0, chars / self.chars_per_token)
        return tokens if self.max_tokens is None else min(tokens, self.max_tokens)


class Speeds(_Input):
    """Both models. They read every paper at the same time, so the slower one sets the pace."""

    classifier: Speed
    extractor: Speed
    in_company: float = Field(
        1.0,
        gt=0,
        description="Speed of the slower model while the other works beside it, over its speed alone: below 1 where "
        "they share a machine's cores or memory.",
    )
    efficiency: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Of many replicas, over as many times one; `python -m loadtest.scale throughput` measures it.",
    )

    @classmethod
    def load(cls, path: Path) -> Self:
        return cls.model_validate_json(path.read_text(encoding="utf-8"))

    def save(self, path: Path) -> None:
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


class Machine(_Input):
    """What is rented."""

    price_per_hour: float = Field(ge=0)
    currency: str = "USD"


class Workload(_Input):
    """What has to be read, and by when."""

    papers: int = Field(gt=0)
    lengths: Lengths
    deadline_h: float = Field(gt=0)
