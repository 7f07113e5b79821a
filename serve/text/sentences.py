"""Cut a text into units a small model reads well: whole sentences, offsets kept."""

from collections.abc import Iterator

from pubserve.sentences import sentences, trimmed

__all__ = ["sentences", "units"]


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
            yield from trimmed(text, start, cut)
            start = cut
        current = (start, end)
    if current:
        yield from trimmed(text, *current)
