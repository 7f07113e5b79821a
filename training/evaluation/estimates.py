"""Figures with their uncertainty: Wilson's interval for shares, the bootstrap for everything else."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

LEVEL = 0.95
RESAMPLES = 2000
SEED = 17


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def share(hits: int, of: int) -> Estimate:
    """A binomial proportion with the score interval of Wilson (1927), which keeps its coverage near 0 and 1.

    Raises:
        ValueError: `of` is 0.
    """
    if of == 0:
        raise ValueError("a share of nothing is undefined; give at least one paper")
    interval = binomtest(hits, of).proportion_ci(LEVEL, method="wilson")
    return Estimate(hits / of, float(interval.low), float(interval.high))


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], float],
    truth: NDArray[np.bool_],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Estimate:
    """The percentile bootstrap (Efron & Tibshirani 1993, chapter 13), papers drawn with replacement within each class.

    Drawing within the classes keeps their sizes, so no resample can lose a class and leave a ranking figure undefined.
    A class of one paper is drawn as it is every time: its share of the uncertainty is then missing.

    Args:
        statistic: takes row indices, returns the figure for these rows.
        truth: the class of each row.
        seed: the same seed draws the same papers, so intervals of several models are about the same resamples.
    """
    random = np.random.default_rng(seed)
    rows = np.arange(len(truth))
    classes = [rows[truth == label] for label in np.unique(truth)]
    figures = [
        statistic(np.concatenate([random.choice(members, len(members)) for members in classes]))
        for _ in range(resamples)
    ]
    low, high = np.quantile(figures, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(statistic(rows), float(low), float(high))
