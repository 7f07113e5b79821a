"""The classifier itself: pure torch and transformers, no Ray, no threads of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from serve.classifier.calibration import Calibration
from serve.classifier.input import ClassifierInput, EncodedText, TitleAndAbstract
from serve.hardware import resolve_dtype


@dataclass(frozen=True, slots=True)
class Prediction:
    """Calibrated confidence per category, and the categories at or above their threshold."""

    confidences: dict[str, float]
    predicted: list[str]


class ClassifierModel:
    """A sequence classifier with one independent sigmoid output per category.

    Args:
        model_dir: a transformers directory with `calibration.json` and `input.json` beside the weights.
        dtype: `float32`, `bfloat16`, or `auto` for the faster of the two on this machine.
        max_tokens: longer papers are cut there.
    """

    def __init__(self, model_dir: Path, *, dtype: str = "auto", max_tokens: int) -> None:
        self.max_tokens = max_tokens
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._tokenizer: Any = AutoTokenizer.from_pretrained(model_dir, padding_side="right")
        self.network: Any = AutoModelForSequenceClassification.from_pretrained(
            model_dir, dtype=getattr(torch, resolve_dtype(dtype))
        )
        self.network.eval().to(self.device)
        names: dict[int, str] = self.network.config.id2label
        self.labels = [names[index] for index in range(len(names))]
        self._input = ClassifierInput.load(model_dir)
        self.calibrations = Calibration.load(model_dir).categories
        in_order = [self.calibrations[label] for label in self.labels]
        self._scale = torch.tensor([c.scale for c in in_order])
        self._shift = torch.tensor([c.shift for c in in_order])

    def encode(self, documents: Sequence[TitleAndAbstract]) -> list[EncodedText]:
        """Tokenise; one result per document, each with at least one token."""
        return self._input.encode(self._tokenizer, documents, max_tokens=self.max_tokens)

    @torch.inference_mode()
    def predict(self, batch: Sequence[EncodedText]) -> list[Prediction]:
        """One forward pass over the whole batch, padded to its longest row."""
        padded = self._tokenizer.pad({"input_ids": [text.ids for text in batch]}, return_tensors="pt")
        logits = self.network(**padded.to(self.device)).logits.float().cpu()
        rows: list[list[float]] = torch.sigmoid(logits * self._scale + self._shift).tolist()
        return [self._prediction(row) for row in rows]

    def _prediction(self, row: Sequence[float]) -> Prediction:
        confidences = dict(zip(self.labels, row, strict=True))
        return Prediction(
            confidences={label: round(confidence, 4) for label, confidence in confidences.items()},
            predicted=[label for label, given in confidences.items() if given >= self.calibrations[label].threshold],
        )
