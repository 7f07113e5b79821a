"""Start the head from a linear probe instead of at random (Kumar et al. 2022, "Fine-tuning can distort pretrained
features"): what the base knows already need not be learnt again, and its layers are not pulled about by a head that
knows nothing."""

from typing import Any

import numpy as np
import torch
from peft.utils import ModulesToSaveWrapper
from sklearn.linear_model import LogisticRegressionCV
from torch import nn

from training.batches import TokenBatches

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
"""Inverse strengths of the penalty that are compared, for features of unit variance."""
FOLDS = 5


@torch.no_grad()
def start_from_probe(model: nn.Module, batches: TokenBatches, *, seed: int) -> None:
    """Fit every category's row of the head to what the untouched base makes of the training papers.

    Does nothing where the head is more than one linear map, as RoBERTa's is.
    """
    head = _head(model)
    if not isinstance(head, nn.Linear):
        return
    features = _features(model, head, batches)
    spread = features.std(axis=0) + 1e-6
    for column in range(batches.targets.shape[1]):
        fit = LogisticRegressionCV(
            Cs=STRENGTHS, cv=FOLDS, scoring="neg_log_loss", fit_intercept=False, max_iter=1000, random_state=seed
        ).fit(features / spread, batches.targets[:, column].numpy())
        head.weight[column] = torch.from_numpy(fit.coef_[0] / spread).to(head.weight)
        if head.bias is not None:
            head.bias[column] = 0.0


def _head(model: nn.Module) -> nn.Module:
    """The trained copy of the head, which PEFT keeps beside the original."""
    (wrapper,) = [part for part in model.modules() if isinstance(part, ModulesToSaveWrapper)]
    head: nn.Module = wrapper.modules_to_save["default"]
    return head


def _features(model: nn.Module, head: nn.Linear, batches: TokenBatches) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What the head reads of each paper, (papers, hidden)."""
    model.eval()
    read: list[torch.Tensor] = []
    watch = head.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    features = np.empty((len(batches.targets), head.in_features))
    for index, chosen in enumerate(batches.plan):
        batch = batches[index]
        inputs = {name: values.to(head.weight.device) for name, values in batch.items() if name != "labels"}
        model(**inputs)
        states = read.pop().float().cpu()
        if states.dim() == 3:  # a decoder scores every token, and the last one of the text counts
            states = states[torch.arange(len(chosen)), batch["attention_mask"].sum(dim=1) - 1]
        features[chosen] = states.numpy()
    watch.remove()
    return features
