"""One JSON object a line. The only format here that keeps mentions when it is written."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pubserve.formats.columns import EXPECTED, is_readable, paper_from
from pubserve.formats.files import BoundedLines, Readable, RecordTooLarge, open_text, replacing
from pubserve.formats.records import TOO_LARGE, Defect, Found, Mention, PaperRecord, Reason, Row

_MENTIONS = TypeAdapter(tuple[Mention, ...])


def read(path: Readable) -> Iterator[Row]:
    """The papers of a file, line by line."""
    with open_text(path) as file:
        lines = BoundedLines(file)
        for number in count(1):
            try:
                line = next(lines)
            except StopIteration:
                return
            except RecordTooLarge:
                yield number, TOO_LARGE
                continue
            if line.strip():
                yield number, parse(line)


def parse(line: str) -> Found:
    """The paper in one JSON object, under the column names that delimited files may have too."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return Defect(Reason.MALFORMED, "not JSON; expected one object a line")
    if not isinstance(values, dict) or not is_readable(tuple(values)):
        return Defect(Reason.MALFORMED, f"not an object with a paper's fields; {EXPECTED}")
    found = paper_from({name: value for name, value in values.items() if name != "mentions"})
    if isinstance(found, Defect) or not values.get("mentions"):
        return found
    try:
        return replace(found, mentions=_MENTIONS.validate_python(values["mentions"]))
    except ValidationError:
        return Defect(Reason.MALFORMED, "`mentions` has another shape; expected start, end, text, type, concept_ids")


def as_dict(paper: PaperRecord) -> dict[str, Any]:
    """The paper in JSON's types; label and mentions only where there are some."""
    return {name: value for name, value in asdict(paper).items() if value not in (None, ())}


def write(papers: Iterable[PaperRecord], path: Path) -> None:
    """Write one object a line: id, title, abstract, and where they are known label and mentions."""
    with replacing(path) as scratch, scratch.open("w", encoding="utf-8") as file:
        for paper in papers:
            file.write(json.dumps(as_dict(paper), ensure_ascii=False) + "\n")
