"""Splits that cannot leak: papers that are one paper stay on one side."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from training.data.duplicates import duplicate_groups
from training.data.papers import LabelledPaper

Part = Literal["train", "dev", "test"]
Parts = dict[Part, list[LabelledPaper]]

FOLDS = 5
DEV_SHARE = 8
"""One in this many of the papers outside the test fold are for development."""


def cross_validation(papers: Sequence[LabelledPaper], *, seed: int) -> Iterator[Parts]:
    """`FOLDS` splits, each paper in the test part of just one; stratified by label, near-duplicates kept together.

    The development part is cut from the rest, the same way. The same papers in the same order, and the same seed, give
    the same parts; ids and years play no role.
    """
    groups = np.array(duplicate_groups(papers))
    labels = np.array([paper.label for paper in papers])
    for rest, test in _folds(FOLDS, seed).split(labels, labels, groups):
        train, dev = next(_folds(DEV_SHARE, seed).split(rest, labels[rest], groups[rest]))
        places: dict[Part, np.ndarray] = {"train": rest[train], "dev": rest[dev], "test": test}
        yield {part: [papers[i] for i in chosen] for part, chosen in places.items()}


def split(papers: Sequence[LabelledPaper], *, seed: int) -> Parts:
    """The fixed split: the first of `cross_validation`."""
    return next(cross_validation(papers, seed=seed))


def _folds(n: int, seed: int) -> StratifiedGroupKFold:
    return StratifiedGroupKFold(n_splits=n, shuffle=True, random_state=seed)
