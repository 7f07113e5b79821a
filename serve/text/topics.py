"""What kind of study a paper reports, and on whom: a small fixed scheme, read from how authors say it.

Only what a paper says in so many words counts; a paper that says nothing of the kind has no topic of the kind.
"""

import re
from collections.abc import Mapping, Sequence

STUDY_TYPES: Mapping[str, str] = {
    "meta-analysis": r"\bmeta-?\s?analys[ei]s\b",
    "systematic review": r"\bsystematic(?:ally)?\s(?:literature\s)?review(?:s|ed)?\b",
    "randomised controlled trial": r"\brandomi[sz]ed,?\s(?:[\w-]+,?\s){0,4}(?:trial|study)\b"
    r"|\b(?:were|we)\srandom(?:ly\s(?:assigned|allocated)|i[sz]ed)\b|\bRCTs?\b",
    "clinical trial": r"\bphase\s(?:[1-4]|I{1,3}V?)[ab]?\b.{0,30}\b(?:trial|study)\b|\b(?:single-arm|open-label)\b"
    r"|\bclinical\strial\b",
    "cohort study": r"\b(?:cohort|longitudinal|follow-up)\s(?:study|studies|analysis)\b"
    r"|\bprospective(?:ly)?\s(?:\w+\s)?(?:study|cohort|followed)\b"
    r"|\bretrospective(?:ly)?\s(?:\w+\s)?(?:study|cohort|review|analy)\w*\b",
    "case-control study": r"\bcase-?\s?control\b",
    "cross-sectional study": r"\bcross-?\s?sectional\s(?:\w+\s)?(?:study|studies|survey|analysis|data|design)\b",
    "case report": r"\bcase\s(?:report|series)\b|\b(?:we|herein)\s(?:report|describe|present)\s(?:a|the|an|two|three)\s"
    r"(?:\w+\s){0,2}(?:cases?|patients?)\b|\b(?:a|an)\s\d{1,3}[\s-]year[\s-]old\b",
    "diagnostic accuracy study": r"\bsensitivity\sand\sspecificity\b|\bdiagnostic\s(?:accuracy|performance)\b",
    "qualitative study": r"\bqualitative\s(?:\w+\s)?(?:study|interviews?|analysis)\b|\bfocus\sgroups?\b",
    "guideline": r"\b(?:practice\sguidelines?|consensus\s(?:statement|recommendations?|guidelines?))\b",
    "review": r"\b(?:this|the\spresent|our)\s(?:article|paper)?\s?reviews?\b|\bwe\sreview\b|\bin\sthis\sreview\b",
    "animal study": r"\b(?:mice|mouse|rats?|rabbits?|zebrafish|drosophila|canine|dogs?|piglets?|monkeys|macaques)\b",
    "laboratory study": r"\bin\s?vitro\b|\bcell\slines?\b|\b(?:western|northern)\sblot\w*\b|\bknock-?(?:down|out)\b",
}
"""By name: how a paper says that it is one. What says more comes first."""

POPULATIONS: Mapping[str, str] = {
    "children": r"\b(?:child(?:ren|hood)?(?!-)|p(?:a)?ediatric|adolescents?)\b",
    "newborns and infants": r"\b(?:neonat\w+|newborns?|infants?|preterm)\b",
    "older people": r"\b(?:elderly|older\s(?:adults|people|patients)|geriatric)\b",
    "pregnant women": r"\b(?:pregnan(?:t|cy|cies)|gestational|maternal)\b",
    "women": r"\b(?:women|females)\b",
    "men": r"\b(?:men|males)\b",
    "animals": STUDY_TYPES["animal study"],
}

MOST_STUDY_TYPES = 2
LEAST_SAID = 2
"""How often a population is named that a paper is about, or a material it works on; once in the title will do."""
_NAMED_IN_PASSING = frozenset(("animal study", "laboratory study"))
"""A trial may mention mice, and a review cell lines."""

_TYPES = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in STUDY_TYPES.items()}
_PEOPLE = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in POPULATIONS.items()}


def topics_of(title: str, abstract: str) -> list[str]:
    """`study type: …`, at most `MOST_STUDY_TYPES` of them, and `population: …`."""
    text = f"{title}\n{abstract}"

    def is_subject(pattern: re.Pattern[str]) -> bool:
        return bool(pattern.search(title)) or len(pattern.findall(text)) >= LEAST_SAID

    types = [
        name
        for name, pattern in _TYPES.items()
        if (is_subject(pattern) if name in _NAMED_IN_PASSING else pattern.search(text))
    ]
    people = [name for name, pattern in _PEOPLE.items() if is_subject(pattern)]
    return [*(f"study type: {name}" for name in types[:MOST_STUDY_TYPES]), *(f"population: {name}" for name in people)]


def area_topics(areas: Sequence[str]) -> list[str]:
    """`disease area: …` for each area of the Disease Ontology."""
    return [f"disease area: {area}" for area in areas]
