"""Labelled abstracts from disk."""

import re
from pathlib import Path

from training.data.papers import LABELS, LabelledPaper

_RECORD = re.compile(r"<ID:(?P<id>[^>]*)>\s*Title:(?P<title>.*?)\n\s*Abstract:(?P<abstract>.*)", re.DOTALL)


class MalformedRecord(ValueError):
    """A file that does not hold a record in the expected layout."""


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
