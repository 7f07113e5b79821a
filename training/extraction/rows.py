"""Annotated papers as batches of tagged tokens, planned once: rows of similar length together, sized by tokens."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import Dataset

from serve.batching import plan_batches
from serve.extractor.tagging import RowEncoder, tags
from training.extraction.corpus import AnnotatedPaper

Batch = dict[str, torch.Tensor]
NO_TAG = -100
"""What a token has that begins no word; losses pass it over."""


class TaggedBatches(Dataset[Batch]):
    """Item `i` is one padded batch: `input_ids`, `attention_mask` and `labels`, each (rows, longest row)."""

    def __init__(self, papers: Sequence[AnnotatedPaper], tokenizer: Any, *, max_tokens: int, batch_tokens: int) -> None:
        self._tokenizer = tokenizer
        encoded = RowEncoder(tokenizer, max_tokens=max_tokens).encode([paper.document for paper in papers])
        rows = [(row, paper) for paper, of in zip(papers, encoded, strict=True) for row in of]
        self._ids = [row.ids for row, _ in rows]
        self._labels = []
        for row, paper in rows:
            labels = [NO_TAG] * len(row.ids)
            for word, tag in zip(row.words, tags(row, paper.places), strict=True):
                labels[word.token] = tag
            self._labels.append(labels)
        self.plan = list(plan_batches([len(ids) for ids in self._ids], max_batch_tokens=batch_tokens))
        """Indices of the rows in each batch."""

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, index: int) -> Batch:
        chosen = self.plan[index]
        batch = self._tokenizer.pad({"input_ids": [self._ids[i] for i in chosen]}, return_tensors="pt")
        longest = batch["input_ids"].shape[1]
        padded = [self._labels[i] + [NO_TAG] * (longest - len(self._labels[i])) for i in chosen]
        return {**batch, "labels": torch.tensor(padded)}

    @property
    def tokens(self) -> int:
        return sum(map(len, self._ids))
