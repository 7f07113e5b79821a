"""Numbers under which trials and systematic reviews are registered, with the words that lead up to them."""

import re
from collections.abc import Iterator

from serve.text.cleaning.deletion import deletions
from serve.text.offsets import Edit

_ID = (
    r"(?:NCT[\s#:-]?\d{8}|ISRCTN[\s:-]?\d{8}|CRD[\s-]?42\d{6,12}|ACTRN[\s-]?126\d{11}|DRKS[\s-]?\d{8}"
    r"|(?:(?:EudraCT|EUCTR)[\s:,#-]{0,3}(?:number|no\.?)?[\s:,#]{0,3})?20\d\d-\d{6}-\d\d"
    r"|ChiCTR(?:-[A-Z]{2,4}){0,2}-?\d{6,12}|UMIN(?:-?CTR)?[\s:-]?(?:ID[\s:-]?)?\d{6,9}|Japic\s?CTI[\s-]?\d{6}"
    r"|jRCTs?\d{9,10}|KCT\d{7}|TCTR\d{11}|PACTR\d{12,15}|IRCT\d{8,15}(?:N\d{1,3})?|RBR-\w{6,7}|NTR[\s-]?\d{3,5}"
    r"|(?:CTRI|SLCTR)/\d{4}/\d{2,3}(?:/\d{4,6})?)(?!\d)"
)
_NUMBER = re.compile(rf"(?i:(?<![A-Za-z\d]){_ID})")
_LONG_NUMBER = re.compile(r"\d{6}")
_DATE = (
    r"(?:\s?\(20\d\d-\d\d-\d\d\)"
    r"|[.,;]?\s(?:(?:pro|retro)spectively\s)?registered:?\s(?:on\s)?\d{1,2}(?:st|nd|rd|th)?\s\w{3,9},?\s20\d\d)?"
)
_IDS = re.compile(rf"(?i:(?<![A-Za-z\d]){_ID}{_DATE}(?:(?:\s?[,;/&]\s?|\s)(?:and\s|or\s)?{_ID}{_DATE}){{0,9}})")

_LEADING_WORDS = (
    r"(?:https?://)?(?:www\.)?clinical\s?trials?(?:\.gov)?(?:/ct2)?(?:/show/)?|prospero(?:\s20\d\d)?|eudract|isrctn|umin(?:-ctr)?|"
    r"chictr|japan|chinese|german|dutch|netherlands|iranian|australian|new\szealand|international|prospective|systematic|"
    r"regist(?:ration|ered|ry|er)|identifier|identification|numbers?|n[or]\.?|id|code|unique|details|clinical|trials?|study|"
    r"reviews?|protocol|this|the|our|is|was|has|been|were|at|with|in|on|under|as|of|and|(?:pro|retro)spectively"
)


def _lead(between: str) -> re.Pattern[str]:
    return re.compile(rf"(?i:(?<![\w-])(?:(?:{_LEADING_WORDS})(?![\w.])[{between}]{{0,4}}){{1,25}}$)")


# A registry's full name is often followed by its short one with the number in brackets.
_LEAD_OF_SENTENCE = _lead(r"\s,:#(\u2013-")
_LEAD = _lead(r"\s,:#\u2013-")
_LABEL = re.compile(
    r"(?i:(?:,?\s(?:as|with|under)(?:\sthe)?)?(?:,?\s(?:registration|identifier|numbers?|no\.?|id))*[\s:,#]{1,3}$)"
)
_WINDOW_CHARS = 200

_STARTS_SENTENCE = re.compile(r"(?:^|[.!?)\]\n])\s*$")
_ENDS_SENTENCE = re.compile(r"(?:\s?\([^()]{0,60}\))?\)?\s?(?:\.|$|(?=\n))")
_SET_APART = re.compile(r"(?:[,;]|(?<=[(\[]))\s?$")


def drop_registrations(text: str) -> list[Edit]:
    """Registration numbers go, and the whole sentence or bracket where it says nothing else."""
    return deletions(text, (_span(text, ids.start(), ids.end()) for ids in _runs(text)))


def registration_numbers(text: str) -> list[tuple[int, int]]:
    """Where a text has registration numbers, each for itself."""
    return [number.span() for ids in _runs(text) for number in _NUMBER.finditer(text, *ids.span())]


def _runs(text: str) -> Iterator[re.Match[str]]:
    """Numbers that follow one another, with their dates."""
    if _LONG_NUMBER.search(text) or "NTR" in text or "RBR" in text:
        yield from _IDS.finditer(text)


def _span(text: str, start: int, end: int) -> tuple[int, int]:
    """What goes with the numbers from `start` to `end`."""
    end_of_sentence = _ENDS_SENTENCE.match(text, end)
    sentence = _reach(_LEAD_OF_SENTENCE, text, start)
    if end_of_sentence and _STARTS_SENTENCE.search(text, max(0, sentence - 2), sentence):
        return sentence, end_of_sentence.end()
    lead = _reach(_LEAD, text, start)
    if apart := _SET_APART.search(text, max(0, lead - 2), lead):
        return apart.start(), end
    return _reach(_LABEL, text, start), end


def _reach(words: re.Pattern[str], text: str, end: int) -> int:
    """Where the `words` begin that lead up to `end`; `end` itself if there are none."""
    window = max(0, end - _WINDOW_CHARS)
    match = words.search(text[window:end])
    return window + match.start() if match else end
