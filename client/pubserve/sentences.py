"""Where sentences begin and end in an abstract, offsets kept."""

import re
from collections.abc import Iterator

_ABBREVIATION = re.compile(r"(?:\b(?:vs|e\.g|i\.e|cf|Fig|Figs|Dr|St|No|approx|spp|al|var)|\b[A-Z])\.$")
_SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s+(?=[A-Z0-9(\[\"'])|\n\s*\n?")


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Spans `(start, end)` of sentences, in order and without overlap; only white space lies between them."""
    start = 0
    for boundary in _SENTENCE_END.finditer(text):
        end = boundary.start() + len(boundary.group().rstrip())
        if _ABBREVIATION.search(text, start, end):
            continue
        yield from trimmed(text, start, end)
        start = boundary.end()
    yield from trimmed(text, start, len(text))


def trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span without the white space round it; nothing for white space alone."""
    part = text[start:end]
    if stripped := part.strip():
        start += part.index(stripped)
        yield start, start + len(stripped)
