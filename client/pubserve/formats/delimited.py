"""One file with a header and one row a paper, its fields between pipes, commas, semicolons or tabs."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from pubserve.formats.columns import EXPECTED, is_readable, paper_from
from pubserve.formats.files import BoundedLines, Readable, RecordTooLarge, open_text, replacing
from pubserve.formats.records import TOO_LARGE, Defect, PaperRecord, Reason, Row

DELIMITERS = ("|", ",", "\t", ";")
COLUMNS = ("id", "title", "abstract", "label")
MAX_HEADER_CHARS = 1 << 16


def delimiter_of(header: str) -> str | None:
    """The delimiter that cuts a header into columns we know; None when none does."""
    for delimiter in DELIMITERS:
        if is_readable(next(csv.reader([header], delimiter=delimiter), [])):
            return delimiter
    return None


def read(path: Readable) -> Iterator[Row]:
    """The papers of a file, row by row. A quoted field may hold delimiters, line breaks and doubled quotes."""
    with open_text(path, newline="") as file:
        header = file.readline(MAX_HEADER_CHARS)
        delimiter = delimiter_of(header)
        if delimiter is None:
            yield 1, Defect(Reason.UNREADABLE, f"no header in the first line; {EXPECTED}")
            return
        names = next(csv.reader([header], delimiter=delimiter))
        rows = csv.reader(BoundedLines(file), delimiter=delimiter)
        while True:
            line = 2 + rows.line_num
            try:
                row = next(rows)
            except StopIteration:
                return
            except RecordTooLarge:
                yield line, TOO_LARGE
                continue
            except csv.Error as error:
                yield line, Defect(Reason.MALFORMED, f"{error}; expected every quoted field to be closed")
                continue
            if not row:
                continue
            if len(row) != len(names):
                problem = f"{len(row)} fields; expected {len(names)}, or quotes round a field with `{delimiter}` in it"
                yield line, Defect(Reason.MALFORMED, problem)
                continue
            yield line, paper_from(dict(zip(names, row, strict=True)))


def write(papers: Iterable[PaperRecord], path: Path) -> None:
    """Write a comma-separated file with the columns id, title, abstract, label. Mentions are left out."""
    with replacing(path) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows((paper.id, paper.title, paper.abstract, paper.label or "") for paper in papers)
