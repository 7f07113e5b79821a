"""Conditions under which papers look different, or are hard, and what models say under each."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import track

from training.data import LabelledPaper
from training.evaluation import Predictions
from training.near_misses import FIRST, read_near_misses
from training.perturbations import PERTURBATIONS
from training.slices import SLICES, near_miss_slices

Ask = Callable[[Sequence[LabelledPaper]], list[Predictions]]

AS_THEY_ARE = "as they are"
NEAR_MISSES = "our own near misses"
BLIND_NEAR_MISSES = "near misses written blind"
FEWEST_PAPERS = 5
"""Slices with fewer papers are left out: their accuracy would say nothing."""


def conditions(ask: Ask, test: Sequence[LabelledPaper], *, console: Console) -> dict[str, list[Predictions]]:
    """What every model says of the papers as they are, under each perturbation, of each slice, and of near misses.

    Args:
        ask: what every model says of some papers, in one order of models; none of them has seen `test`.
    """
    sets = {AS_THEY_ARE: list(test)}
    sets |= {name: [perturb(paper) for paper in test] for name, perturb in PERTURBATIONS.items()}
    near_misses = [near_miss.paper for near_miss in read_near_misses()]
    sets |= {NEAR_MISSES: near_misses[:FIRST], BLIND_NEAR_MISSES: near_misses[FIRST:]}
    measured = {name: ask(papers) for name, papers in track(sets.items(), "asking the models", console=console)}
    for name in SLICES:
        ids = [paper.id for paper in test if name in near_miss_slices(paper.text)]
        if len(ids) >= FEWEST_PAPERS:
            measured[name] = [model.only(ids) for model in measured[AS_THEY_ARE]]
    return measured
