"""Whether a text says that a disease is not there: `no evidence of metastasis`, `sepsis was ruled out`.

After NegEx (Chapman et al. 2001): a cue, and what it reaches. A cue before the disease reaches through lists to the end
of its clause; one after it must follow at once, and reaches back through a list of diseases (`asthma or heart failure
were excluded`). What is denied must be the disease: `no association with breast cancer` denies the association, and
`not only` denies nothing.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

_REACH_WORDS = 8
"""Words that may stand between a cue and the disease."""
_BEFORE_CHARS, _AFTER_CHARS = 160, 60

_CUE_BEFORE = re.compile(
    r"\b(?:no|not|without|absence of|lack of|lacks?|lacking|negative for|free (?:of|from)|den(?:y|ies|ied)"
    r"|neither|nor|never|exclud(?:e[sd]?|ing)|rul(?:e[sd]?|ing) out|non)\b",
    re.IGNORECASE,
)
_DENIES_NOTHING = re.compile(
    r"\b(?:not only|not just|not merely|no doubt|not excluded?|not ruled out|not rule out|cannot be excluded"
    r"|without delay)\b",
    re.IGNORECASE,
)
_DENIES_SOMETHING_ELSE = re.compile(
    r"\b(?:associat|relat|correlat|link|differ|effect|affect|influenc|impact|increas|decreas|reduc|improv|chang|benefit"
    r"|risk|role|caus|respon|predict|contribut|prevent|treat|cure|vaccin|therap|approv|consensus|data|studies|study"
    r"|significant|known|clear|common|rare|specific|limited|confined|restricted|due|because|mutation|gene|marker|drug)",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"[.;:?!]\s|[()]|\b(?:but|however|although|though|except|whereas|while|which|who|whom|because|since|yet|despite"
    r"|besides|apart from|other than|in patients with|than)\b",
    re.IGNORECASE,
)
_CUE_AFTER = re.compile(
    r"\s*(?:\([^()]{1,15}\)\s*)?(?:(?P<of_one>was|is|has been)|were|are|have been|had been|could be)?\s*"
    r"(?:ruled out|excluded|absent|unlikely|negative|denied"
    r"|not (?:found|seen|detected|observed|present|identified|evident|confirmed|noted|reported))\b",
    re.IGNORECASE,
)

_AND, _OR = r"(?:,|\band\b)", r"\b(?:or|nor)\b"
_LIST_ITEM_WORDS = 4
_VERB = re.compile(
    r"\b(?:had|has|have|having|was|were|is|are|did|does|showed|developed|died|received)\b", re.IGNORECASE
)
_BRACKETED = re.compile(r"\s*\([^()]{1,15}\)")


def negations(text: str, spans: Sequence[tuple[int, int]]) -> list[bool]:
    """For each `text[start:end]`, a disease, whether it is said to be absent; `spans` are in order, without overlap."""
    denied = [is_negated(text, *span) for span in spans]
    # From the right: what the last of a list is denied by holds for those before it.
    in_denied_list = False
    for place, ((_, end), (next_start, next_end)) in reversed(list(enumerate(pairwise(spans)))):
        cue = _cue_after(text, next_end)
        join = _join(text[end:next_start]) if cue or in_denied_list else None
        of_one = cue is not None and bool(cue["of_one"])
        in_denied_list = join == "or" or (join == "and" and not of_one)
        denied[place] = denied[place] or in_denied_list
    return denied


def is_negated(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, a disease, is said to be absent. Decided within one clause of one sentence."""
    before = _CLAUSE_END.split(text[max(0, start - _BEFORE_CHARS) : start])[-1]
    if cue := _last(_CUE_BEFORE, before):
        between = before[cue.end() :]
        reaches = len(between.split()) <= _REACH_WORDS and not _DENIES_SOMETHING_ELSE.search(between)
        if reaches and not _DENIES_NOTHING.search(before, max(0, cue.start() - 5)):
            return True
    return _cue_after(text, end) is not None


def _cue_after(text: str, end: int) -> re.Match[str] | None:
    return _CUE_AFTER.match(text[end : end + _AFTER_CHARS])


def _join(between: str) -> str | None:
    """How a list goes on from one disease to the next: `or`, `and` (or a comma), or None where it is no list.

    Other things may stand in the list: `asthma, pregnancy or heart failure`. `Asthma, and heart failure was excluded`
    denies one, so what `and` joins is denied by a plural only; `or` joins what has one fate.
    """
    between = _BRACKETED.sub("", between)
    if _CLAUSE_END.search(between) or _VERB.search(between):
        return None
    items = re.split(f"{_AND}|{_OR}", between, flags=re.IGNORECASE)
    if len(items) == 1 or items[0].strip() or any(len(item.split()) > _LIST_ITEM_WORDS for item in items):
        return None
    return "or" if re.search(_OR, between, re.IGNORECASE) else "and"


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return max(pattern.finditer(text), key=lambda match: match.start(), default=None)
