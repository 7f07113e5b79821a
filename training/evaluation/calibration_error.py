"""Whether confidences mean what they say: of the papers given 0.8, are 80 % about cancer?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.estimates import RESAMPLES, SEED, Estimate, bootstrap, share
from training.evaluation.predictions import Predictions

BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Neighbouring confidences: how many, their mean, and the share of the papers that is about cancer."""

    n: int
    mean_confidence: float
    observed: Estimate


def reliability(predictions: Predictions, *, bins: int = BINS) -> list[ReliabilityBin]:
    """The papers in bins of equal mass by confidence, lowest first. Equal confidences share a bin, so there can be
    fewer bins than asked for."""
    given, wanted = predictions.given, predictions.wanted
    index = _bin_of_each(given, bins)
    return [
        ReliabilityBin(
            n=int((index == b).sum()),
            mean_confidence=float(given[index == b].mean()),
            observed=share(int(wanted[index == b].sum()), int((index == b).sum())),
        )
        for b in np.unique(index)
    ]


def calibration_error(predictions: Predictions, *, bins: int = BINS) -> Estimate:
    """Expected calibration error (Naeini et al. 2015) of the Cancer confidence over bins of equal mass (Nixon et al.
    2019): the mean over papers of |mean confidence - observed share| of their bin.

    On few papers it is biased upwards, and its bootstrap interval with it, because chance alone makes shares differ
    from confidences: compare it with `expected_by_chance`.
    """
    given, wanted = predictions.given, predictions.wanted
    return bootstrap(lambda rows: _error(given[rows], wanted[rows].astype(float), bins), wanted)


def expected_by_chance(
    predictions: Predictions, *, bins: int = BINS, resamples: int = RESAMPLES, seed: int = SEED
) -> float:
    """The calibration error that a perfectly calibrated model with these confidences would show on so few papers:
    truths are drawn from the confidences themselves (consistency resampling, Bröcker & Smith 2007)."""
    given = predictions.given
    truths = np.random.default_rng(seed).random((resamples, len(given))) < given
    return float(np.mean([_error(given, truth.astype(float), bins) for truth in truths]))


def _error(given: NDArray[np.float64], wanted: NDArray[np.float64], bins: int) -> float:
    index = _bin_of_each(given, bins)
    gaps = np.bincount(index, weights=given - wanted)  # per bin: papers times (mean confidence - share)
    return float(np.abs(gaps).sum() / len(given))


def _bin_of_each(given: NDArray[np.float64], bins: int) -> NDArray[np.intp]:
    # Edges between papers, not positions in a sorted list: equal confidences must not be told apart by their order.
    edges = np.unique(np.quantile(given, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, given, side="right")
