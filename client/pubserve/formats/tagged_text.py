"""One paper a file: `<ID:…>`, `Title: …`, `Abstract: …`, in folders that are named after the labels."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pubserve.formats.files import Readable, open_text, replacing
from pubserve.formats.records import LABELS, MAX_RECORD_BYTES, TOO_LARGE, Defect, PaperRecord, Reason, Row, parse_label

EXPECTED = "expected `<ID:…>`, then `Title: …`, then `Abstract: …`"

_RECORD = re.compile(r"\s*<ID:(?P<id>[^>]*)>\s*Title:(?P<title>.*?)\n\s*Abstract:(?P<abstract>.*)", re.DOTALL)
_FILE_NAME = re.compile(r"\w[\w.-]*")


def read(path: Readable) -> Iterator[Row]:
    """The one paper of a file; its label is the name of the folder, where that is a label."""
    with open_text(path) as file:
        text = file.read(MAX_RECORD_BYTES)
    if len(text) == MAX_RECORD_BYTES:
        yield 1, TOO_LARGE
        return
    record = _RECORD.fullmatch(text)
    if record is None:
        yield 1, Defect(Reason.MALFORMED, EXPECTED)
        return
    id_, title, abstract = (text.strip() for text in record.group("id", "title", "abstract"))
    yield 1, PaperRecord(id_, title, abstract, parse_label(path.parent.name))


def is_layout(folder: Path) -> bool:
    """Whether a folder has one inside that is named after a label."""
    return any((folder / label).is_dir() for label in LABELS)


def files_of(folder: Path, label: str) -> list[Path]:
    """The papers with a label, in the order of their names."""
    return sorted((folder / label).glob("*.txt"))


def write(papers: Iterable[PaperRecord], folder: Path) -> None:
    """Write a folder with one folder a label in it.

    Raises:
        ValueError: for a paper without label, or with an id that cannot be a file's name.
        FileExistsError: when `folder` has something in it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty; name a new folder")
    with replacing(folder) as scratch:
        for label in LABELS:
            (scratch / label).mkdir(parents=True)
        for paper in papers:
            if paper.label is None:
                raise ValueError(f"paper {paper.id} has no label, which is its folder here; write another format")
            if not _FILE_NAME.fullmatch(paper.id):
                raise ValueError(f"the id {paper.id!r} cannot be the name of a file; write another format")
            text = f"<ID:{paper.id}>\nTitle: {paper.title}\nAbstract: {paper.abstract}\n"
            (scratch / paper.label / f"{paper.id}.txt").write_text(text, encoding="utf-8")
