"""Citations by number: `[1,2-5]`, `(3)` at the end of a sentence, raised numbers after a word."""

import re
from collections.abc import Iterator

from serve.text.citations.reference import FoundCitation, Kind, Reference

_ITEM = r"\d{1,3}(?:\s?[-\u2013]\s?\d{1,3})?"
_LIST = rf"{_ITEM}(?:\s?[,;]\s?{_ITEM}){{0,30}}"
_BRACKETED = re.compile(rf"\[\s?(?P<list>{_LIST})\s?\]")
_BEFORE_STOP = re.compile(rf"\((?<=[a-z]{{2}}\s\()(?P<list>{_LIST})\)(?=\.(?:\s|$))")
_RAISED_ITEM = r"[¹²³⁴-⁹][⁰¹²³⁴-⁹]{0,2}"
_RAISED = re.compile(
    rf"(?<![\w-])(?P<word>[a-z]{{4,30}})[.,;:)\"']{{0,2}}"
    rf"(?P<list>{_RAISED_ITEM}(?:[,⁻\u2013-]{_RAISED_ITEM}){{0,30}})(?![\w⁰¹²³⁴-⁹⁺⁻])"
)
_ANY_RAISED = re.compile("[¹²³⁴-⁹]")
_LOWER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

# Nobody cites more works in a row; a wider range is one of values.
_WIDEST_RANGE = 30

_QUANTITIES = (
    r"aged?|average|rang(?:es?|ing)|median|mean|intervals?|iqr|ci|between|from|scores?|scale|domain|levels?|ratio|"
    r"percentile|quartile|sd|se|sem|values?|p|n|or|hr|rr|months?|years?|days?|weeks?"
)
_LABELS = (
    r"types?|groups?|grades?|stages?|class(?:es)?|phases?|tables?|fig(?:ure)?s?|eqs?|equations?|steps?|models?|arms?|"
    r"cohorts?|criteri(?:on|a)|cases?|patients?|version|chapter|section|factor|aims?|category|compounds?"
)
_WORD_BEFORE = re.compile(r"(?P<word>[A-Za-z]+)\.?\s?$")
_NO_CITATION_AFTER_WORD = re.compile(rf"(?:{_QUANTITIES}|{_LABELS})", re.IGNORECASE)
_AFTER_QUANTITY = re.compile(
    r"(?:(?:^|[\s(\[,;=<>≤≥~±/+]|(?<![A-Za-z])-)[\d.,·]*\d\s?(?:%|[a-zμ]{1,2}\b)?[,;:]?|[%=<>≤≥~±∈(\[/+*-]|\d\))\s?$"
)
_BEFORE_QUANTITY = re.compile(
    r"\s?(?:%|±|(?:years?|yrs?|y|months?|mo|weeks?|wk|days?|d|hours?|h|min|mg|g|kg|ml|mm|cm|points?|of)\b)"
    r"|[A-Za-z0-9(\[]|-\w|\s[A-Z]?\d"
)
# The prefixes of ring systems and of fused rings, whose atoms are numbered in brackets.
_CHEMICAL = re.compile(
    r"(?:cyclo|spiro|calix|cucurbit|pillar|propell|(?<!viv)(?<!vitr)(?<!als)o|phen|quinolin|[A-Z0-9])$"
)
_ENUMERATION = re.compile(r"(?:^|[:\n])\s{0,2}\[1\]\s")
_MEASURED = """
    metre metres meter meters inch inches foot feet pixel pixels litre litres mole moles mile miles voxel
    voxels height heights weight time times length distance radius diameter year years score scores
"""
_MEASURES = frozenset(_MEASURED.split())


def numeric_citations(text: str) -> Iterator[FoundCitation]:
    """The citations by number, style after style."""
    if "]" in text:
        yield from _bracketed(text)
    if ")." in text:
        yield from _before_stops(text)
    if _ANY_RAISED.search(text):
        yield from _raised(text)


def _bracketed(text: str) -> Iterator[FoundCitation]:
    enumerates = _ENUMERATION.search(text) is not None
    for match in _BRACKETED.finditer(text):
        numbers = _numbers(match["list"])
        if numbers and not (enumerates and len(numbers) == 1) and _cites(text, match.start(), match.end()):
            yield _found(match.start(), match.end(), numbers)


def _cites(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 40) : start]
    if not before.strip() or _AFTER_QUANTITY.search(before) or _BEFORE_QUANTITY.match(text, end):
        return False
    word = _WORD_BEFORE.search(before)
    if word is None:
        return True
    if before[-1].isalpha():
        return len(word["word"]) >= 4 and _CHEMICAL.search(word["word"]) is None
    return _NO_CITATION_AFTER_WORD.fullmatch(word["word"]) is None


def _before_stops(text: str) -> list[FoundCitation]:
    """Numbers in round brackets at the ends of sentences, if all of them together can only be citations.

    They are when there are several and they count up from 1 as new works come in: counts and labels do not.
    """
    found = []
    last = 0
    for match in _BEFORE_STOP.finditer(text):
        numbers = _numbers(match["list"])
        word = _WORD_BEFORE.search(text, max(0, match.start() - 40), match.start())
        if word and _NO_CITATION_AFTER_WORD.fullmatch(word["word"]):
            return []
        for number in numbers:
            if number > last + 1:
                return []
            last = max(last, number)
        if not numbers:
            return []
        found.append(_found(match.start(), match.end(), numbers))
    return found if len(found) > 1 and last > 1 else []


def _raised(text: str) -> Iterator[FoundCitation]:
    for match in _RAISED.finditer(text):
        numbers = _numbers(match["list"].translate(_LOWER))
        if numbers and match["word"] not in _MEASURES:
            yield _found(match.start("list"), match.end("list"), numbers)


def _found(start: int, end: int, numbers: tuple[int, ...]) -> FoundCitation:
    return FoundCitation(start, end, Reference(Kind.NUMERIC, numbers=numbers))


def _numbers(written: str) -> tuple[int, ...]:
    """`"1,2-5"` as 1 to 5; nothing if these cannot be citations, which ascend and begin at 1 or later."""
    numbers: list[int] = []
    for item in re.split(r"[,;]", written):
        first, *rest = (int(number) for number in re.split(r"[-\u2013]", item))
        last = rest[0] if rest else first
        if first <= (numbers[-1] if numbers else 0) or (rest and not first < last <= first + _WIDEST_RANGE):
            return ()
        numbers.extend(range(first, last + 1))
    return tuple(numbers)
