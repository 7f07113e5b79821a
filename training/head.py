"""A head that is trained on what tells texts apart.

What a decoder makes of the last token is nearly the same for every text: in Gemma 3 270M the common part is six times
as long as what differs, and some features vary far more than others. A head on top of that turns every step into a step
of all scores at once, and training swings. So the head is trained in a better form: each feature divided by its spread,
and blind to the common direction. It starts at zero, where every text scores the same.

The form is linear, so what it comes to is an ordinary head again: `settle` writes it down.
"""

from typing import Any

import torch
from peft.utils import ModulesToSaveWrapper
from torch import nn
from torch.nn.utils import parametrize

from training.batches import TokenBatches

SAMPLE_PAPERS = 96
"""Papers from which the common direction and the spreads are taken."""
_LEAST_SPREAD = 1e-6


class _Conditioned(nn.Module):
    """From trained numbers to a weight of shape (categories, hidden): scaled, then blind to `common`."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.register_buffer("common", torch.zeros(hidden))
        self.register_buffer("spread", torch.ones(hidden))

    def forward(self, trained: torch.Tensor) -> torch.Tensor:
        weight = trained / self.spread
        return weight - torch.outer(weight @ self.common, self.common)


def condition(model: nn.Module, batches: TokenBatches | None) -> None:
    """Give the head of a PEFT model this form, with what the untouched base makes of some of `batches`.

    None where a checkpoint is about to be loaded, which holds it all. Does nothing where the head is more than one
    linear map, as RoBERTa's is.
    """
    head = _head(model)
    if not isinstance(head, nn.Linear):
        return
    form = _Conditioned(head.in_features).to(head.weight)
    if batches is not None:
        # Papers of every length, since batches go by length.
        read = features(model, batches, every=max(1, len(batches.targets) // SAMPLE_PAPERS)).to(head.weight)
        form.common.copy_(nn.functional.normalize(read.mean(dim=0), dim=0))
        form.spread.copy_(read.std(dim=0, correction=0).clamp(min=_LEAST_SPREAD))
    with torch.no_grad():
        head.weight.zero_()
        if head.bias is not None:
            head.bias.zero_()
    parametrize.register_parametrization(head, "weight", form)


def settle(model: nn.Module) -> None:
    """Make the head an ordinary linear map, with the same answers."""
    head = _head(model)
    if parametrize.is_parametrized(head):
        parametrize.remove_parametrizations(head, "weight", leave_parametrized=True)


def _head(model: nn.Module) -> nn.Module:
    """The trained copy of the head, which PEFT keeps beside the original."""
    (wrapper,) = [part for part in model.modules() if isinstance(part, ModulesToSaveWrapper)]
    head: nn.Module = wrapper.modules_to_save["default"]
    return head


@torch.no_grad()
def features(model: nn.Module, batches: TokenBatches, *, every: int = 1) -> torch.Tensor:
    """What the head of a PEFT model reads of each paper of every `every`-th batch, in their order: (papers, hidden)."""
    model.eval()
    read: list[torch.Tensor] = []
    device = next(model.parameters()).device
    watch = _head(model).register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    found: dict[int, torch.Tensor] = {}
    for index in range(0, len(batches), every):
        batch: dict[str, Any] = batches[index]
        model(**{name: values.to(device) for name, values in batch.items() if name != "labels"})
        states = read.pop()
        if states.dim() == 3:  # a decoder scores every token, and the last one of the text counts
            states = states[torch.arange(len(states)), batch["attention_mask"].sum(dim=1) - 1]
        found |= dict(zip(batches.plan[index], states, strict=True))
    watch.remove()
    return torch.stack([found[paper] for paper in sorted(found)])
