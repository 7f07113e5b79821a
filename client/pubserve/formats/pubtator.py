"""PubTator: `1|t|title`, `1|a|abstract`, then one mention a line: id, start, end, text, type, concept ids.

Relations between concepts (`1<TAB>CID<TAB>D000001<TAB>D000002`) are passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from pubserve.formats.files import Readable, open_text
from pubserve.formats.records import Defect, Found, Mention, PaperRecord, Reason, Row

EXPECTED = "expected `id|t|title`, `id|a|abstract`, then lines of id, start, end, text, type and ids between tabs"
NO_CONCEPT = frozenset({"", "-", "-1"})

TEXT = re.compile(r"(?P<id>[^|\t]+)\|(?P<field>[ta])\|(?P<text>.*)")


def read(path: Readable) -> Iterator[Row]:
    """The papers of a file with their mentions. Texts are kept to the character, for the mentions' offsets."""
    with open_text(path) as file:
        start, block = 0, list[str]()
        for number, raw in enumerate(file, 1):
            line = raw.rstrip("\n")
            text = TEXT.fullmatch(line)
            if block and (not line.strip() or (text and text["field"] == "t")):
                yield start, parse(block)
                block = []
            if line.strip():
                start = start if block else number
                block.append(line)
        if block:
            yield start, parse(block)


def parse(block: list[str]) -> Found:
    """The paper in the lines of one record."""
    texts: dict[str, str] = {}
    ids: set[str] = set()
    mentions = []
    for line in block:
        if text := TEXT.fullmatch(line):
            ids.add(text["id"])
            texts[text["field"]] = text["text"]
            continue
        id_, *cells = line.split("\t")
        ids.add(id_)
        if len(cells) == 3 and not cells[1].isdecimal():
            continue
        mention = _mention(cells)
        if mention is None:
            return Defect(Reason.MALFORMED, f"a line of the record is none of PubTator's; {EXPECTED}")
        mentions.append(mention)
    if len(ids) != 1 or "t" not in texts:
        return Defect(Reason.MALFORMED, f"not one title, or lines of several papers; {EXPECTED}")
    paper = PaperRecord(ids.pop(), texts["t"], texts.get("a", ""))
    return replace(paper, mentions=tuple(_as_printed(mention, paper.passage) for mention in mentions))


def _as_printed(mention: Mention, passage: str) -> Mention:
    """The mention with the passage's own white space: corpora were tokenised after their offsets were counted."""
    printed = passage[mention.start : mention.end]
    return replace(mention, text=printed) if printed.split() == mention.text.split() else mention


def _mention(cells: list[str]) -> Mention | None:
    if not (4 <= len(cells) <= 6 and cells[0].isdecimal() and cells[1].isdecimal()):
        return None
    start, end, text, type_, *concepts = cells
    concept_ids = tuple(c for c in re.split(r"[|+]", "".join(concepts[:1]).strip()) if c not in NO_CONCEPT)
    return Mention(int(start), int(end), text, type_, concept_ids)
