"""MEDLINE's tagged format (`.nbib`, or `rettype=medline`): `PMID- 1`, `TI  - …`, continued on indented lines."""

import re
from collections.abc import Iterator

from pubserve.formats.files import Readable, open_text
from pubserve.formats.records import Defect, PaperRecord, Reason, Row

UNTRANSLATED = "[Not Available]"
TAGS_READ = frozenset({"PMID", "TI", "BTI", "TT", "AB"})

_FIELD = re.compile(r"([A-Z]{2,4}) *- ?(.*)")


def read(path: Readable) -> Iterator[Row]:
    """The papers of a file, one after another; each begins with its PMID, or after an empty line."""
    with open_text(path) as file:
        start, fields, tag = 0, dict[str, str](), ""
        for number, raw in enumerate(file, 1):
            line = raw.rstrip()
            field = _FIELD.fullmatch(line)
            if start and (not line or (field and field[1] == "PMID" and "PMID" in fields)):
                yield start, _paper(fields)
                start, fields, tag = 0, {}, ""
            if field:
                start = start or number
                tag = field[1] if field[1] in TAGS_READ - fields.keys() else ""
                if tag:
                    fields[tag] = field[2]
            elif line and not (start and line.startswith(" ")):
                yield number, Defect(Reason.MALFORMED, "no field; expected `TAG - text`, or an indented line after one")
            elif line and tag:
                fields[tag] = f"{fields[tag]} {line.strip()}"
        if start:
            yield start, _paper(fields)


def _paper(fields: dict[str, str]) -> PaperRecord:
    title = fields.get("TI") or fields.get("BTI", "")
    if not title or title.startswith(UNTRANSLATED):
        title = fields.get("TT") or title
    return PaperRecord(fields.get("PMID", "").strip(), title.strip(), fields.get("AB", "").strip())
