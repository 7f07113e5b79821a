"""From named columns to a paper: the part that delimited files, JSONL and Parquet share."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from pubserve.formats.records import Defect, Found, PaperRecord, Reason, parse_label
from pubserve.sentences import sentences

Field = Literal["id", "title", "abstract", "text", "label"]

_NAMES: dict[Field, frozenset[str]] = {
    "id": frozenset({"id", "pmid", "pubmedid", "paperid", "articleid", "abstractid", "documentid", "docid"}),
    "title": frozenset({"title", "articletitle", "papertitle"}),
    "abstract": frozenset({"abstract", "abstracttext"}),
    "text": frozenset({"text", "titleabstract", "titleandabstract", "document"}),
    "label": frozenset({"label", "labels", "class", "category"}),
}
EXPECTED = "expected columns such as id, title, abstract, label, or ID, Title_Abstract, Label"

# PubMed ends a translated title with a bracket, and may put a whole sentence inside.
_TRANSLATED = re.compile(r"\s*(\[[^\]]+\]\.?)\s+")


@lru_cache(maxsize=256)
def fields_of(columns: tuple[str, ...]) -> Mapping[Field, str]:
    """The column for each field, found by name in any case, order and spelling with `_`, `-` or spaces.

    Where several columns could be one field, the first is taken. Columns that mean nothing here are left out.
    """
    found: dict[Field, str] = {}
    for column in columns:
        plain = re.sub(r"[\W_]", "", column).lower()
        for field, names in _NAMES.items():
            if plain in names:
                found.setdefault(field, column)
    return found


def is_readable(columns: Sequence[str]) -> bool:
    """Whether these columns have an id and something to read."""
    fields = fields_of(tuple(columns))
    return "id" in fields and not fields.keys().isdisjoint({"title", "abstract", "text"})


def paper_from(values: Mapping[str, object]) -> Found:
    """The paper in a row of named values. Title and abstract are kept to the character; id and label are trimmed.

    One column for title and abstract together is cut after the title, that is, after its first sentence, so that a
    paper reads the same whichever layout it came in.
    """
    columns = fields_of(tuple(values))
    given: dict[Field, str] = {}
    for field, column in columns.items():
        value = values[column]
        if value is not None and not isinstance(value, str | int):
            return Defect(Reason.MALFORMED, f"`{field}` holds a {type(value).__name__}; expected text")
        given[field] = "" if value is None else str(value)
    raw_label = given.get("label", "").strip()
    label = parse_label(raw_label) or raw_label or None
    title, abstract = given.get("title", ""), given.get("abstract", "")
    if "text" in given and not ("title" in given or "abstract" in given):
        title, abstract = split_joined(given["text"])
    return PaperRecord(given.get("id", "").strip(), title, abstract, label)


def split_joined(text: str) -> tuple[str, str]:
    """Title and abstract of a text that joins them: a translated title's bracket, or else the first sentence."""
    if translated := _TRANSLATED.match(text):
        return translated[1], text[translated.end() :].strip()
    for start, end in sentences(text):
        return text[start:end], text[end:].strip()
    return "", ""
