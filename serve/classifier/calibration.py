"""From raw scores to confidences that mean what they say: each category weighs the score and the words it counts."""

import json
import re
from collections.abc import Mapping
from functools import cached_property
from math import exp, log1p
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator

CALIBRATION_FILE = "calibration.json"


class CategoryCalibration(BaseModel):
    """`confidence = sigmoid(scale * logit + evidence_scale * evidence + shift)`, predicted at `threshold` and above."""

    model_config = ConfigDict(frozen=True)

    scale: float
    shift: float
    evidence_scale: float = 0.0
    threshold: float

    def confidence(self, logit: float, evidence: float) -> float:
        weighed = self.scale * logit + self.evidence_scale * evidence + self.shift
        return 1 / (1 + exp(-weighed)) if weighed > 0 else exp(weighed) / (1 + exp(weighed))


class Calibration(BaseModel):
    """Fitted on papers that the weights it is shipped with have not seen.

    `words` is a regular expression. How often it matches a text is evidence beside the network's score: it errs on
    other papers than the network does, and costs nothing.
    """

    model_config = ConfigDict(frozen=True)

    words: str = ""
    categories: dict[str, CategoryCalibration]

    @field_validator("words")
    @classmethod
    def _words_compile(cls, words: str) -> str:
        try:
            re.compile(words)
        except re.error as error:
            raise ValueError(f"`words` is no regular expression: {error}") from None
        return words

    @classmethod
    def load(cls, model_dir: Path) -> "Calibration":
        return cls.model_validate_json((model_dir / CALIBRATION_FILE).read_text(encoding="utf-8"))

    def save(self, model_dir: Path) -> None:
        text = json.dumps(self.model_dump(), indent=2) + "\n"
        (model_dir / CALIBRATION_FILE).write_text(text, encoding="utf-8")

    def evidence(self, text: str) -> float:
        """log(1 + matches of `words`), whatever their case: the tenth says less than the first."""
        return log1p(sum(1 for _ in self._words.finditer(text))) if self.words else 0.0

    def confidences(self, logits: Mapping[str, float], evidence: float) -> dict[str, float]:
        """Of every category, for a text with this evidence and the raw score that it got for each."""
        return {label: category.confidence(logits[label], evidence) for label, category in self.categories.items()}

    @cached_property
    def _words(self) -> re.Pattern[str]:
        return re.compile(self.words, re.IGNORECASE)
