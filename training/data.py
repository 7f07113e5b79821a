"""Labelled abstracts from disk, and splits of them that cannot leak."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from serve.text.document import classifier_text

LABELS = ("Cancer", "Non-Cancer")

Part = Literal["train", "dev", "test"]

_RECORD = re.compile(r"<ID:(?P<id>[^>]*)>\s*Title:(?P<title>.*?)\n\s*Abstract:(?P<abstract>.*)", re.DOTALL)


class MalformedRecord(ValueError):
    """A file that does not hold a record in the expected layout."""


@dataclass(frozen=True, slots=True)
class LabelledPaper:
    """One paper and its label. The id names it in reports; it never reaches a model."""

    id: str
    title: str
    abstract: str
    label: str

    @property
    def text(self) -> str:
        return classifier_text(self.title, self.abstract)

    @property
    def group(self) -> str:
        """Papers with the same letters and digits in the abstract are one paper published twice."""
        letters = re.sub(r"[^a-z0-9]", "", (self.abstract or self.title).lower())
        return hashlib.sha256(letters.encode()).hexdigest()


def read_folder(folder: Path) -> list[LabelledPaper]:
    """Read `Cancer/*.txt` and `Non-Cancer/*.txt`, each file `<ID:…>`, `Title: …`, `Abstract: …`.

    Raises:
        MalformedRecord: naming the file and what was expected in it.
    """
    papers = []
    for label in LABELS:
        paths = sorted((folder / label).glob("*.txt"))
        if not paths:
            raise MalformedRecord(f"{folder / label}: no .txt files; expected one abstract a file")
        for path in paths:
            record = _RECORD.match(path.read_text(encoding="utf-8"))
            if record is None:
                raise MalformedRecord(f"{path}: expected `<ID:…>`, then `Title: …`, then `Abstract: …`")
            fields = {name: text.strip() for name, text in record.groupdict().items()}
            papers.append(LabelledPaper(label=label, **fields))
    return papers


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
