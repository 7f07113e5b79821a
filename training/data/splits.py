"""Splits that cannot leak."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from training.data.papers import LabelledPaper

Part = Literal["train", "dev", "test"]


def split(papers: Sequence[LabelledPaper], *, seed: int, folds: int = 5) -> dict[Part, list[LabelledPaper]]:
    """One fold for test, one for development, the rest for training: stratified, with duplicates kept together."""
    folder = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    held_out = [fold for _, fold in folder.split(papers, [p.label for p in papers], [p.group for p in papers])]
    parts: dict[Part, list[LabelledPaper]] = {
        "test": [papers[i] for i in held_out[0]],
        "dev": [papers[i] for i in held_out[1]],
    }
    rest = np.sort(np.concatenate(held_out[2:]))
    return {"train": [papers[i] for i in rest], **parts}
