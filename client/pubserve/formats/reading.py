"""Files, and folders of files, as one stream of records with their places."""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from pubserve.formats import READERS, Format, detect, tagged_text
from pubserve.formats.files import Readable
from pubserve.formats.records import LABELS, MAX_RECORD_BYTES, TOO_LARGE, Defect, Found, Reason, Row

# How Python carries bytes that are no UTF-8, and what JSON may escape: no encoder and no tokenizer takes them.
_NOT_UTF8 = re.compile("[\ud800-\udfff]")

Placed = tuple[Path, int, Found]
"""What was found, with the file it stands in and the line it begins on (0 for the file as a whole)."""


def read_records(path: Path, *, format: Format | None = None) -> Iterator[Placed]:
    """Every record of a file, or of the files of a folder: a paper with an id and something to read, or a defect.

    The format is told by a file's name, or else by how it begins, unless `format` says it. Memory holds one record.

    Raises:
        FileNotFoundError: when there is nothing at `path`.
    """
    for file, file_format in files_in(path, format):
        for line, found in rows_of(file, file_format):
            yield file, line, found


def files_in(path: Path, format: Format | None = None) -> Iterator[tuple[Path, Format | None]]:
    """The files that `read_records` reads at `path`, in order, each with its format; None where that is unknown.

    A folder with `Cancer/` or `Non-Cancer/` in it is read as such; any other gives the files in it, by name. Of a
    layout by labels, a label's folder stands for itself if there is no file in it.
    """
    if path.is_dir() and (format is Format.FOLDER or (format is None and tagged_text.is_layout(path))):
        for label in LABELS:
            for file in tagged_text.files_of(path, label) or [path / label]:
                yield file, Format.FOLDER
    elif path.is_dir():
        for file in sorted(path.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                yield file, format or detect(file)
    else:
        yield path, format or detect(path)


def rows_of(file: Readable, format: Format | None) -> Iterator[Row]:
    """Every record of one file: a paper with an id and something to read, or a defect. None is an unknown format."""
    for line, found in _rows_of(file, format):
        yield line, _checked(found)


def _checked(found: Found) -> Found:
    if isinstance(found, Defect):
        return found
    if len(found.title) + len(found.abstract) > MAX_RECORD_BYTES:
        return TOO_LARGE
    if _NOT_UTF8.search(f"{found.id}{found.title}{found.abstract}"):
        return Defect(Reason.NOT_UTF8, "bytes that are not UTF-8; convert the file to UTF-8")
    if not found.id:
        return Defect(Reason.NO_ID, "no id; expected one for every paper")
    if not (found.title.strip() or found.abstract.strip()):
        return Defect(Reason.NOTHING_TO_READ, "neither title nor abstract; expected one of them")
    return found


def _rows_of(file: Readable, format: Format | None) -> Iterator[Row]:
    if format is None:
        yield 0, Defect(Reason.UNREADABLE, f"an unknown format; expected one of {', '.join(Format)}")
        return
    if format is Format.FOLDER and isinstance(file, Path) and not file.is_file():
        yield 0, Defect(Reason.EMPTY, "no .txt files; expected one abstract a file")
        return
    line, empty = 0, True
    try:
        for line, found in READERS[format](file):
            empty = False
            yield line, found
    except (OSError, EOFError, zlib.error) as error:
        problem = f"cannot be read on from here ({type(error).__name__}); expected a whole file that you may read"
        yield line, Defect(Reason.UNREADABLE, problem)
        return
    if empty:
        yield 0, Defect(Reason.EMPTY, f"no record; expected at least one in {format}")
