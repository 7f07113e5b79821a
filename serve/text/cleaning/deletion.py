"""Take something out of a sentence so that no trace is left: no empty brackets, no doubled space or stop."""

from collections.abc import Iterable

from serve.text.offsets import Edit

_CLOSING = {"(": ")", "[": "]"}
_FILLING = " ,;:.-"
_PAUSES = " ,;:"
_STOPS = ".,;:"


def deletions(text: str, spans: Iterable[tuple[int, int]]) -> list[Edit]:
    """Edits that delete `spans` (in order of their starts), each with brackets that hold nothing else.

    The space before goes as well, so that the words around stand as far apart as words do; and so does punctuation that
    has nothing left to part or to end.
    """
    edits: list[Edit] = []
    floor = 0
    for span_start, span_end in _joined(text, spans):
        start, end = _with_brackets(text, span_start, span_end, floor)
        start = _skip_back(text, start, floor, " " if text[end : end + 1] not in (*_STOPS, "") else _PAUSES)
        if start == floor or text[start - 1] in "\n.!?":
            end = _skip(text, end, _STOPS)
        elif text[start - 1] in _CLOSING:
            end = _skip(text, end, _PAUSES)
        edits.append(Edit(start, end))
        floor = end
    return edits


def _joined(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans, those as one between which there is nothing to keep."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and not text[joined[-1][1] : start].strip(_PAUSES):
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _with_brackets(text: str, start: int, end: int, floor: int) -> tuple[int, int]:
    while True:
        left = _skip_back(text, start, floor, _FILLING)
        right = _skip(text, end, _FILLING)
        if left == floor or right == len(text) or _CLOSING.get(text[left - 1]) != text[right]:
            return start, end
        start, end = left - 1, right + 1


def _skip(text: str, place: int, chars: str) -> int:
    while place < len(text) and text[place] in chars:
        place += 1
    return place


def _skip_back(text: str, place: int, floor: int, chars: str) -> int:
    while place > floor and text[place - 1] in chars:
        place -= 1
    return place
