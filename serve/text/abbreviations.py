"""Abbreviations that a text defines itself: `hairy cell leukaemia (HCL)`, or `HCL (hairy cell leukaemia)`.

The algorithm of Schwartz and Hearst (2003), "A simple algorithm for identifying abbreviation definitions in biomedical
text": from right to left, every letter of the short form must be found in the long form, the first one at the start of
a word. Before that, the initials of the last words are tried, for the shortest end may be too short: the letters of
EAE are all in the last word of `experimental autoimmune encephalomyelitis (EAE)`. After it, the initials may come in
another order: `myotonic dystrophy (DM)`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BRACKETED = re.compile(r"\(([^()]{2,200})\)|\[([^\[\]]{2,200})\]")
_NOT_PART_OF_A_FORM = re.compile(r"[,;:]|\s(?:or|and|see|also|formerly)\s")
_CLAUSE_END = re.compile(r"[.;:?!()\[\]]\s|[()\[\]]")
_SHORT_FORM = re.compile("(?=.*[^\\W\\d_])\\w[\\w./'\u2019-]*(?: [\\w./'\u2019-]+)?")
_QUOTES = " \"'\u201c\u201d\u2018\u2019"
_WORD = re.compile(r"[^\W_]+")
_SHORT_CHARS_MIN, _SHORT_CHARS_MAX = 2, 10


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """A short form and what the text says it stands for, both as they stand there."""

    short: str
    long: str


def find_abbreviations(text: str) -> list[Abbreviation]:
    """The abbreviations that a text defines, in order; of several definitions of a short form the first counts."""
    found: dict[str, Abbreviation] = {}
    for abbreviation in _candidates(text):
        found.setdefault(abbreviation.short, abbreviation)
    return list(found.values())


def _candidates(text: str) -> Iterator[Abbreviation]:
    for bracketed in _BRACKETED.finditer(text):
        inside = _NOT_PART_OF_A_FORM.split((bracketed[1] or bracketed[2]).strip(), maxsplit=1)[0].strip(_QUOTES)
        before = _CLAUSE_END.split(text[max(0, bracketed.start() - 300) : bracketed.start()])[-1].rstrip()
        if _is_short_form(inside):
            window = _last_words(before, inside)
            if long := (
                _with_initials(inside, window)
                or _long_form(inside, window)
                or _with_initials(inside, window, sort=True)
            ):
                yield Abbreviation(inside, long)
                continue
        short = before.rpartition(" ")[2].strip(_QUOTES)
        is_short = _is_short_form(short) and any(char.isupper() for char in short)
        if is_short and _long_form(short, inside) == inside:
            yield Abbreviation(short, inside)


def _is_short_form(form: str) -> bool:
    return _SHORT_CHARS_MIN <= len(form) <= _SHORT_CHARS_MAX and bool(_SHORT_FORM.fullmatch(form))


def _last_words(text: str, short: str) -> str:
    """As many words as a long form may have."""
    letters = sum(char.isalnum() for char in short)
    starts = [match.start() for match in re.finditer(r"\S+", text)]
    most = min(letters + 5, letters * 2)
    return text[starts[-most] :] if len(starts) > most else text.lstrip()


def _long_form(short: str, text: str) -> str | None:
    """The shortest end of `text` in which the characters of `short` are found, last to first."""
    place = len(text)
    letters = [char.lower() for char in short if char.isalnum()]
    for number, letter in reversed(list(enumerate(letters))):
        place -= 1
        while place >= 0 and not (
            text[place].lower() == letter and (number or place == 0 or not text[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return None
    long = text[place:]
    if len(long) <= len(short) or short.lower() in re.split(r"\W+", long.lower()):
        return None
    return long


def _with_initials(short: str, text: str, *, sort: bool = False) -> str | None:
    """The last words of `text`, as many as `short` has capitals, if these are their initials; `sort`: in any order."""
    last = list(_WORD.finditer(text))[-len(short) :]
    initials, letters = [match[0][0].upper() for match in last], list(short)
    if not short.isupper() or (sorted(initials) != sorted(letters) if sort else initials != letters):
        return None
    return text[last[0].start() :]
