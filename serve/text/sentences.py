"""Cut a text into units a small model reads well: whole sentences, offsets kept."""

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
        yield from _trimmed(text, start, end)
        start = boundary.end()
    yield from _trimmed(text, start, len(text))


def units(text: str, *, max_chars: int) -> Iterator[tuple[int, int]]:
    """Spans of neighbouring sentences, each span at most `max_chars` long.

    A sentence longer than that is cut at white space, or anywhere if it has none.
    """
    current: tuple[int, int] | None = None
    for start, end in sentences(text):
        if current and end - current[0] <= max_chars:
            current = (current[0], end)
            continue
        if current:
            yield current
        while end - start > max_chars:
            space = text.rfind(" ", start + 1, start + max_chars + 1)
            cut = space if space > start else start + max_chars
            yield from _trimmed(text, start, cut)
            start = cut
        current = (start, end)
    if current:
        yield from _trimmed(text, *current)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    part = text[start:end]
    if stripped := part.strip():
        start += part.index(stripped)
        yield start, start + len(stripped)
