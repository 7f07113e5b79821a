"""Conditions under which papers look different, or are hard."""

from collections.abc import Sequence

from rich.console import Console

from training.data.papers import LabelledPaper
from training.evaluation import Predictions
from training.near_misses import FIRST
from training.perturbations import PERTURBATIONS
from training.robustness import AS_THEY_ARE, BLIND_NEAR_MISSES, FEWEST_PAPERS, NEAR_MISSES, conditions
from training.shipped import to_predictions

SYNDROMES = [
    LabelledPaper(f"s{n}", f"Family {n} with neurofibromatosis", "They had a tumour.", "Cancer")
    for n in range(FEWEST_PAPERS)
]
OTHERS = [
    LabelledPaper(f"o{n}", f"Gout {n}", "Treated with hydroxyurea." if n == 0 else "", "Non-Cancer") for n in range(4)
]


def ask(papers: Sequence[LabelledPaper]) -> list[Predictions]:
    """One model that counts on the word tumour."""
    return [to_predictions("tumour", papers, [float("tumour" in paper.text) for paper in papers])]


def test_models_are_asked_about_every_condition() -> None:
    measured = conditions(ask, SYNDROMES + OTHERS, console=Console(quiet=True))

    assert {AS_THEY_ARE, NEAR_MISSES, BLIND_NEAR_MISSES, *PERTURBATIONS} <= measured.keys()
    assert measured[NEAR_MISSES][0].n == FIRST
    assert all(measured[AS_THEY_ARE][0].predicted == measured[AS_THEY_ARE][0].wanted)
    assert not measured["title only"][0].predicted.any()


def test_slices_are_of_the_papers_as_they_are_and_large_enough_to_say_something() -> None:
    measured = conditions(ask, SYNDROMES + OTHERS, console=Console(quiet=True))

    assert measured["tumour syndromes"][0].ids == tuple(paper.id for paper in SYNDROMES)
    assert "cancer drugs used elsewhere" not in measured
