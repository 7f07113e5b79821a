"""The tagger: a transformer that reads a paper once and tags its words. Pure torch and transformers, no Ray."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer

from serve.batching import plan_least_work, predict_in_batches
from serve.extractor.support import Support
from serve.extractor.tagging import TAGS, Row, RowEncoder, TaggedRow
from serve.hardware import resolve_dtype
from serve.model_store.token_classifiers import load_token_classifier
from serve.model_store.trust import DATA_ONLY
from serve.text.document import Document


class TaggerModel:
    """Finds the diseases in papers, a row of tokens at a time.

    Args:
        model_dir: a transformers directory of a token classifier whose labels are `TAGS`, with `support.json` beside
            the weights.
        dtype: `float32`, `bfloat16`, or `auto` for the faster of the two on this machine.
        max_tokens: longer papers are read in several rows.
    """

    def __init__(self, model_dir: Path, *, dtype: str = "auto", max_tokens: int) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._tokenizer: Any = AutoTokenizer.from_pretrained(model_dir, padding_side="right", **DATA_ONLY)
        self.network: Any = load_token_classifier(model_dir, dtype=getattr(torch, resolve_dtype(dtype)))
        self.network.eval().to(self.device)
        names: dict[int, str] = self.network.config.id2label
        if tuple(names[index] for index in range(len(names))) != TAGS:
            raise ValueError(f"{model_dir} tags words with {', '.join(names.values())}, not with {', '.join(TAGS)}")
        self.support = Support.load(model_dir)
        self._rows = RowEncoder(self._tokenizer, max_tokens=max_tokens)

    def encode(self, documents: Sequence[Document]) -> list[list[Row]]:
        """The rows of each document; none for one without a word."""
        return self._rows.encode(documents)

    def predict(self, batch: Sequence[Row]) -> list[TaggedRow]:
        """One forward pass over the whole batch, padded to its longest row."""
        return tag_batch(self.network, self._tokenizer, batch)


def tag_rows(
    predict: Callable[[Sequence[Row]], list[TaggedRow]], rows: Sequence[Sequence[Row]], *, batch_tokens: int
) -> list[list[TaggedRow]]:
    """The rows of each paper, tagged; batches are sized by tokens, across papers."""
    return predict_in_batches(predict, rows, partial(plan_least_work, max_batch_tokens=batch_tokens))


@torch.inference_mode()
def tag_batch(network: Any, tokenizer: Any, batch: Sequence[Row]) -> list[TaggedRow]:
    """The rows tagged, from one forward pass."""
    padded = tokenizer.pad({"input_ids": [row.ids for row in batch]}, return_tensors="pt").to(network.device)
    probabilities = network(**padded).logits.float().softmax(dim=-1).cpu()
    return [
        TaggedRow(row.words, of_row[[word.token for word in row.words]].tolist())
        for row, of_row in zip(batch, probabilities, strict=True)
    ]
