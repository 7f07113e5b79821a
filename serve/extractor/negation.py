"""Whether a text says that a disease is not there: `no evidence of metastasis`, `sepsis was ruled out`.

After NegEx (Chapman et al. 2001): a cue, and what it reaches. A cue before the disease reaches through lists to the end
of its clause; one after it must follow at once. What is denied must be the disease: `no association with breast cancer`
denies the association, and `not only` denies nothing.
"""

import re

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
    r"\s*(?:\([^()]{1,15}\)\s*)?(?:was|were|is|are|has been|have been|had been|could be)?\s*"
    r"(?:ruled out|excluded|absent|unlikely|negative|denied"
    r"|not (?:found|seen|detected|observed|present|identified|evident|confirmed|noted|reported))\b",
    re.IGNORECASE,
)


def is_negated(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, a disease, is said to be absent. Decided within one clause of one sentence."""
    before = _CLAUSE_END.split(text[max(0, start - _BEFORE_CHARS) : start])[-1]
    if cue := _last(_CUE_BEFORE, before):
        between = before[cue.end() :]
        reaches = len(between.split()) <= _REACH_WORDS and not _DENIES_SOMETHING_ELSE.search(between)
        if reaches and not _DENIES_NOTHING.search(before, max(0, cue.start() - 5)):
            return True
    return bool(_CUE_AFTER.match(text[end : end + _AFTER_CHARS]))


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return max(pattern.finditer(text), key=lambda match: match.start(), default=None)
