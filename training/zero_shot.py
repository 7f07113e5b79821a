"""The base before any training: it is asked the question that ends the classifier's input, and its next word counts."""

from collections.abc import Sequence
from typing import Any, Self

import torch
from transformers import AutoModelForCausalLM

from serve.batching import plan_batches
from serve.hardware import resolve_dtype
from serve.model_store.trust import SAFETENSORS_ONLY
from training.backbone import base_directory, load_tokenizer
from training.config import TrainingConfig
from training.data import LabelledPaper


class ZeroShot:
    """Confidence of Cancer: the probability of " Yes" against " No" as the next token. Nothing is learnt."""

    def __init__(self, config: TrainingConfig) -> None:
        base_dir = base_directory(config.base)
        self.name = f"{config.base}, zero-shot"
        self._config = config
        self._tokenizer = load_tokenizer(base_dir)
        self._model: Any = AutoModelForCausalLM.from_pretrained(
            base_dir, dtype=getattr(torch, resolve_dtype(config.precision)), **SAFETENSORS_ONLY
        ).eval()
        self._answers = [self._tokenizer(word, add_special_tokens=False).input_ids[0] for word in (" Yes", " No")]

    def fit(self, papers: Sequence[LabelledPaper]) -> Self:
        return self

    @property
    def parameters(self) -> int:
        return sum(weights.numel() for weights in self._model.parameters())

    @torch.inference_mode()
    def confidences(self, papers: Sequence[LabelledPaper]) -> list[float]:
        """One confidence per paper."""
        config = self._config
        rows = config.input.encode(self._tokenizer, papers, max_tokens=config.max_tokens)
        confidences = [0.0] * len(papers)
        for batch in plan_batches([len(row.ids) for row in rows], max_batch_tokens=2 * config.batch_tokens):
            padded = self._tokenizer.pad({"input_ids": [rows[i].ids for i in batch]}, return_tensors="pt")
            states = self._model.model(**padded).last_hidden_state
            last = states[torch.arange(len(batch)), padded["attention_mask"].sum(dim=1) - 1]
            yes_no = self._model.lm_head(last)[:, self._answers].float().softmax(dim=-1)
            for place, share in zip(batch, yes_no[:, 0].tolist(), strict=True):
                confidences[place] = share
        return confidences
