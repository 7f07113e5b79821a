"""Examples as batches of tokens, planned once: prompt and answer in one row, rows of similar length together."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import Dataset

from serve.batching import plan_batches
from serve.extractor.prompt import Example, Prompt, build_prompt, write_names

Batch = dict[str, torch.Tensor]
NOT_ANSWER = -100
"""The label of a token that is no part of an answer; losses pass it over."""


class AnswerBatches(Dataset[Batch]):
    """Item `i` is one padded batch: `input_ids`, `attention_mask` and `labels`, each (rows, longest row).

    A prompt is cut into tokens as the engine does it, and an answer apart from it, for there it is generated: no token
    of training spans both. The answer ends with the token that ends a text. Rows longer than `max_tokens` are left
    out: without its end a text would have another answer.
    """

    def __init__(
        self, examples: Sequence[Example], tokenizer: Any, prompt: Prompt, *, max_tokens: int, batch_tokens: int
    ) -> None:
        self._tokenizer = tokenizer
        asked = tokenizer([build_prompt(text, prompt.prefix) for text, _ in examples])["input_ids"]
        answered = tokenizer([write_names(names) for _, names in examples], add_special_tokens=False)["input_ids"]
        rows = [(ids, [*answer, tokenizer.eos_token_id]) for ids, answer in zip(asked, answered, strict=True)]
        rows = [(ids, answer) for ids, answer in rows if len(ids) + len(answer) <= max_tokens]
        self._ids = [ids + answer for ids, answer in rows]
        self._labels = [[NOT_ANSWER] * len(ids) + answer for ids, answer in rows]
        self.plan = list(plan_batches([len(ids) for ids in self._ids], max_batch_tokens=batch_tokens))
        """Indices of the rows in each batch."""

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, index: int) -> Batch:
        chosen = self.plan[index]
        batch = self._tokenizer.pad({"input_ids": [self._ids[i] for i in chosen]}, return_tensors="pt")
        longest = batch["input_ids"].shape[1]
        padded = [self._labels[i] + [NOT_ANSWER] * (longest - len(self._labels[i])) for i in chosen]
        return {**batch, "labels": torch.tensor(padded)}

    @property
    def tokens(self) -> int:
        return sum(map(len, self._ids))
