"""What the base knows before any fine-tuning, read by a linear model: what fine-tuning adds is the difference."""

from collections.abc import Sequence
from typing import Any, Self

import torch
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.backbone import base_directory, load_backbone, load_tokenizer
from training.batches import TokenBatches
from training.config import TrainingConfig
from training.data import LabelledPaper
from training.head import features

FOLDS = 5


class FrozenBase:
    """Logistic regression on the vectors that the head of a fine-tuned model would read, from the untouched base.

    Its regularisation is chosen by log loss, cross-validated on the papers it learns from. A paper is read once,
    however often it is asked about.
    """

    def __init__(self, config: TrainingConfig) -> None:
        base_dir = base_directory(config.base)
        self.name = f"{config.base}, frozen + logistic regression"
        self._config = config
        self._tokenizer = load_tokenizer(base_dir)
        torch.manual_seed(config.seed)
        self._encoder = load_backbone(base_dir, config, pad_token_id=self._tokenizer.pad_token_id)
        self._vector_of: dict[LabelledPaper, torch.Tensor] = {}
        self._regression: Any = make_pipeline(
            StandardScaler(),
            LogisticRegressionCV(
                Cs=10, cv=FOLDS, scoring="neg_log_loss", l1_ratios=(0,), use_legacy_attributes=False, max_iter=1000
            ),
        )

    def fit(self, papers: Sequence[LabelledPaper]) -> Self:
        self._regression.fit(self._vectors(papers), [paper.label == "Cancer" for paper in papers])
        return self

    def confidences(self, papers: Sequence[LabelledPaper]) -> list[float]:
        """One confidence per paper."""
        confidences: list[float] = self._regression.predict_proba(self._vectors(papers))[:, 1].tolist()
        return confidences

    @property
    def parameters(self) -> int:
        return sum(weights.numel() for weights in self._encoder.get_base_model().parameters())

    def _vectors(self, papers: Sequence[LabelledPaper]) -> Any:
        """(papers, hidden)"""
        if new := [paper for paper in papers if paper not in self._vector_of]:
            config = self._config
            batches = TokenBatches(
                new, self._tokenizer, config.input, max_tokens=config.max_tokens, batch_tokens=2 * config.batch_tokens
            )
            self._vector_of |= zip(new, features(self._encoder, batches).float().cpu(), strict=True)
        return torch.stack([self._vector_of[paper] for paper in papers]).numpy()
