"""The classifier itself: pure torch and transformers, no Ray, no threads of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from operator import mul
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from serve.batching import plan_batches, predict_in_batches
from serve.classifier.calibration import Calibration
from serve.classifier.input import ClassifierInput, EncodedText, TitleAndAbstract
from serve.hardware import resolve_dtype
from serve.model_store.sequence_classifiers import load_sequence_classifier
from serve.model_store.trust import DATA_ONLY

_COUNT_AFTER_PADDING = frozenset({"mpnet", "roberta"})

Scores = list[float]
"""Raw, one per category."""


@dataclass(frozen=True, slots=True)
class Row:
    """Token ids that go through the network together: a text, or a window of one that is longer than a row can be."""

    ids: list[int]


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
        max_tokens: longer papers are cut there. What an encoder has no positions for is cut as well, unless it
            averages over tokens: then it reads a long paper in windows, and averages over all of them.
    """

    def __init__(self, model_dir: Path, *, dtype: str = "auto", max_tokens: int) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._tokenizer: Any = AutoTokenizer.from_pretrained(model_dir, padding_side="right", **DATA_ONLY)
        self.network: Any = load_sequence_classifier(model_dir, dtype=getattr(torch, resolve_dtype(dtype)))
        self.network.eval().to(self.device)
        config = self.network.config
        self.row_tokens = min(max_tokens, _positions(config))
        self.max_tokens = max_tokens if getattr(config, "pooling", "own") == "mean" else self.row_tokens
        names: dict[int, str] = config.id2label
        self.labels = [names[index] for index in range(len(names))]
        self._input = ClassifierInput.load(model_dir)
        self.calibration = Calibration.load(model_dir)

    def encode(self, documents: Sequence[TitleAndAbstract]) -> list[EncodedText]:
        """Tokenise; one result per document, each with at least one token."""
        return self._input.encode(
            self._tokenizer, documents, max_tokens=self.max_tokens, evidence=self.calibration.evidence
        )

    def rows(self, text: EncodedText) -> list[Row]:
        """The text as it is, or in windows of about the same length that a row has room for."""
        if len(text.ids) <= self.row_tokens:
            return [Row(text.ids)]
        special = set(self._tokenizer.all_special_ids)
        opening, closing = ([i for i in text.ids[at] if i in special] for at in (slice(1), slice(-1, None)))
        inner = text.ids[len(opening) : len(text.ids) - len(closing)]
        windows = -(-len(inner) // (self.row_tokens - len(opening) - len(closing)))
        cuts = [len(inner) * window // windows for window in range(windows + 1)]
        return [Row(opening + inner[start:end] + closing) for start, end in pairwise(cuts)]

    @torch.inference_mode()
    def predict(self, batch: Sequence[Row]) -> list[Scores]:
        """One forward pass over the whole batch, padded to its longest row."""
        padded = self._tokenizer.pad({"input_ids": [row.ids for row in batch]}, return_tensors="pt")
        scores: list[Scores] = self.network(**padded.to(self.device)).logits.float().cpu().tolist()
        return scores

    def decide(self, text: EncodedText, rows: Sequence[Row], scores: Sequence[Scores]) -> Prediction:
        """What the rows of one text come to. Their scores are linear in means over tokens, so that the mean of the
        scores, each row counting by its length, is the score of the whole."""
        lengths = [len(row.ids) for row in rows]
        weighed = [sum(map(mul, lengths, of_label)) / sum(lengths) for of_label in zip(*scores, strict=True)]
        confidences = self.calibration.confidences(dict(zip(self.labels, weighed, strict=True)), text.evidence)
        thresholds = {label: category.threshold for label, category in self.calibration.categories.items()}
        return Prediction(
            confidences={label: round(confidences[label], 4) for label in self.labels},
            predicted=[label for label in self.labels if confidences[label] >= thresholds[label]],
        )


def classify(
    model: ClassifierModel, documents: Sequence[TitleAndAbstract], *, max_batch_tokens: int
) -> list[Prediction]:
    """All documents, in batches by tokens; one prediction each, in order."""
    texts = model.encode(documents)
    rows = [model.rows(text) for text in texts]
    scores = predict_in_batches(model.predict, rows, partial(plan_batches, max_batch_tokens=max_batch_tokens))
    return [model.decide(text, of_text, said) for text, of_text, said in zip(texts, rows, scores, strict=True)]


def _positions(config: Any) -> int:
    """The longest row, in tokens, that a model has positions for. Some of them begin to count after the padding id."""
    text = config.get_text_config()
    positions: int = text.max_position_embeddings
    return positions - (text.pad_token_id + 1) if text.model_type in _COUNT_AFTER_PADDING else positions
