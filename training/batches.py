"""Texts as batches of tokens, planned once: those of similar length together, sized by tokens."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import Dataset

from serve.batching import plan_batches
from serve.classifier.input import ClassifierInput
from training.data import LABELS, LabelledPaper

Batch = dict[str, torch.Tensor]
NO_LABEL = -100
"""What a token has that nothing is learnt from; losses pass it over."""


class TokenBatches(Dataset[Batch]):
    """Item `i` is one padded batch: `input_ids`, `attention_mask` (rows, longest row), `labels` (rows, categories).

    A batch is an item, so that whatever counts items (shuffling, accumulation, resuming, sharding) works as it is.
    """

    def __init__(
        self,
        papers: Sequence[LabelledPaper],
        tokenizer: Any,
        reads: ClassifierInput,
        *,
        max_tokens: int,
        batch_tokens: int,
    ) -> None:
        self._tokenizer = tokenizer
        self._rows = [row.ids for row in reads.encode(tokenizer, papers, max_tokens=max_tokens)]
        self._targets = torch.tensor([[float(p.label == label) for label in LABELS] for p in papers])
        self.plan = list(plan_batches([len(row) for row in self._rows], max_batch_tokens=batch_tokens))
        """Indices of the papers in each batch."""

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, index: int) -> Batch:
        chosen = self.plan[index]
        batch = self._tokenizer.pad({"input_ids": [self._rows[i] for i in chosen]}, return_tensors="pt")
        return {**batch, "labels": self._targets[chosen]}

    @property
    def targets(self) -> torch.Tensor:
        """1.0 where a paper has a category, in the order of the papers: (papers, categories)."""
        return self._targets

    @property
    def tokens(self) -> int:
        return sum(map(len, self._rows))


class LabelledRows(Dataset[Batch]):
    """Item `i` is one padded batch: `input_ids`, `attention_mask` and `labels`, each (rows, longest row).

    Args:
        ids: the tokens of each row.
        labels: a label for each of them, `NO_LABEL` where there is none.
    """

    def __init__(
        self, ids: Sequence[list[int]], labels: Sequence[list[int]], tokenizer: Any, *, batch_tokens: int
    ) -> None:
        self._ids, self._labels, self._tokenizer = ids, labels, tokenizer
        self.plan = list(plan_batches([len(row) for row in ids], max_batch_tokens=batch_tokens))
        """Indices of the rows in each batch."""

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, index: int) -> Batch:
        chosen = self.plan[index]
        batch = self._tokenizer.pad({"input_ids": [self._ids[i] for i in chosen]}, return_tensors="pt")
        longest = batch["input_ids"].shape[1]
        padded = [self._labels[i] + [NO_LABEL] * (longest - len(self._labels[i])) for i in chosen]
        return {**batch, "labels": torch.tensor(padded)}

    @property
    def tokens(self) -> int:
        return sum(map(len, self._ids))


def only_item(items: list[Batch]) -> Batch:
    """Collates one item, which is a batch already."""
    (batch,) = items
    return batch
