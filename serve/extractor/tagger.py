"""The tagger: a transformer that reads a paper once and tags its words. Pure torch and transformers, no Ray."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from serve.batching import plan_batches
from serve.extractor.tagging import TAGS, Row, RowEncoder, Span, spans
from serve.hardware import resolve_dtype
from serve.text.document import Document


class TaggerModel:
    """Finds the diseases in papers, a row of tokens at a time.

    Args:
        model_dir: a transformers directory of a token classifier whose labels are `TAGS`.
        dtype: `float32`, `bfloat16`, or `auto` for the faster of the two on this machine.
        max_tokens: longer papers are read in several rows.
    """

    def __init__(self, model_dir: Path, *, dtype: str = "auto", max_tokens: int) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._tokenizer: Any = AutoTokenizer.from_pretrained(model_dir, padding_side="right")
        self.network: Any = AutoModelForTokenClassification.from_pretrained(
            model_dir, dtype=getattr(torch, resolve_dtype(dtype))
        )
        self.network.eval().to(self.device)
        names: dict[int, str] = self.network.config.id2label
        if tuple(names[index] for index in range(len(names))) != TAGS:
            raise ValueError(f"{model_dir} tags words with {', '.join(names.values())}, not with {', '.join(TAGS)}")
        self._rows = RowEncoder(self._tokenizer, max_tokens=max_tokens)

    def encode(self, documents: Sequence[Document]) -> list[list[Row]]:
        """The rows of each document; none for one without a word."""
        return self._rows.encode(documents)

    def predict(self, batch: Sequence[Row]) -> list[list[Span]]:
        """One forward pass over the whole batch, padded to its longest row; the diseases in each row."""
        return tag_batch(self.network, self._tokenizer, batch)


def tag_rows(
    predict: Callable[[Sequence[Row]], list[list[Span]]], rows: Sequence[Sequence[Row]], *, batch_tokens: int
) -> list[list[Span]]:
    """The diseases of each paper, from all its rows; batches are sized by tokens, across papers."""
    flat = [row for of_paper in rows for row in of_paper]
    found: list[list[Span]] = [[] for _ in flat]
    for batch in plan_batches([len(row.ids) for row in flat], max_batch_tokens=batch_tokens):
        for place, of_row in zip(batch, predict([flat[place] for place in batch]), strict=True):
            found[place] = of_row
    in_order = iter(found)
    return [[span for _ in of_paper for span in next(in_order)] for of_paper in rows]


@torch.inference_mode()
def tag_batch(network: Any, tokenizer: Any, batch: Sequence[Row]) -> list[list[Span]]:
    """The diseases in each row, from one forward pass."""
    padded = tokenizer.pad({"input_ids": [row.ids for row in batch]}, return_tensors="pt").to(network.device)
    probabilities = network(**padded).logits.float().softmax(dim=-1).cpu()
    return [
        spans(row, of_row[[word.token for word in row.words]].tolist())
        for row, of_row in zip(batch, probabilities, strict=True)
    ]
