"""What kind of study a paper reports, on whom, what was done and what came of it: a small fixed scheme, read from how
authors say it.

Only what a paper says in so many words counts; a paper that says nothing of the kind has no topic of the kind.
"""

import re
from collections.abc import Mapping, Sequence

from serve.text.sentences import sentences

STUDY_TYPES: Mapping[str, str] = {
    "meta-analysis": r"\bmeta-?\s?analys[ei]s\b",
    "systematic review": r"\bsystematic(?:ally)?\s(?:literature\s)?review(?:s|ed)?\b",
    "randomised controlled trial": r"\brandomi[sz]ed,?\s(?:[\w-]+,?\s){0,4}(?:trial|study)\b"
    r"|\b(?:were|we)\srandom(?:ly\s(?:assigned|allocated)|i[sz]ed)\b|\bRCTs?\b",
    "clinical trial": r"\bphase\s(?:[1-4]|I{1,3}V?)[ab]?\b.{0,30}\b(?:trial|study)\b|\b(?:single-arm|open-label)\b"
    r"|\bclinical\strial\b",
    "cohort study": r"\b(?:cohort|longitudinal|follow-up)\s(?:study|studies|analysis)\b"
    r"|\bprospective(?:ly)?\s(?:\w+\s)?(?:study|cohort|followed)\b"
    r"|\bretrospective(?:ly)?\s(?:\w+\s)?(?:study|cohort|review|analy|collected)\w*\b",
    "case-control study": r"\bcase-?\s?control\b",
    "cross-sectional study": r"\bcross-?\s?sectional\s(?:\w+\s)?(?:study|studies|survey|analysis|data|design)\b",
    "case report": r"\bcase\s(?:report|series)\b|\b(?:we|herein)\s(?:report|describe|present)\s(?:a|the|an|two|three)\s"
    r"(?:\w+\s){0,2}(?:cases?|patients?)\b|\b(?:a|an)\s\d{1,3}[\s-]year[\s-]old\b",
    "diagnostic accuracy study": r"\bsensitivity\sand\sspecificity\b|\bdiagnostic\s(?:accuracy|performance)\b"
    r"|\b(?:had\sa|\()(?:sensitivity|specificity)\b",
    "qualitative study": r"\bqualitative\s(?:\w+\s)?(?:study|interviews?|analysis)\b|\bfocus\sgroups?\b",
    "guideline": r"\b(?:practice\sguidelines?|consensus\s(?:statement|recommendations?|guidelines?))\b",
    "review": r"\b(?:this|the\spresent|our)\s(?:article|paper)?\s?reviews?\b|\bwe\s(?:review|summari[sz]ed?)\b"
    r"|\bin\sthis\sreview\b|:\sa\s(?:\w+\s)?review\b",
    "animal study": r"\b(?:mice|mouse|rats?|rabbits?|zebrafish|drosophila|canine|dogs?|piglets?|monkeys|macaques)\b",
    "laboratory study": r"\bin\s?vitro\b|\bcell\slines?\b|\b(?:western|northern)\sblot\w*\b|\bknock-?(?:down|out)\b"
    r"|\b(?:flow\scytometry|immunofluorescence|confocal|electron\smicroscopy|transfect\w+|CRISPR|RNA-seq|ChIP-seq)\b",
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

INTERVENTIONS: Mapping[str, str] = {
    "drug treatment": r"\b(?:chemo|immuno|pharmaco)therap(?:y|ies|eutics?)\b|\b(?:drugs?|medications?|antibiotics?)\b"
    r"|\b(?:steroids?|\w*statins?|inhibitors|agonists?|antagonists?)\b"
    r"|\b\w{3,}(?:mabs?|nib|platin|rubicin|mycin|cillin|taxel|parib|prazole|sartan|olol|limus|plostim)\b"
    r"|\b(?:oral|intravenous|topical|adjuvant|targeted)\stherap(?:y|ies)\b",
    "surgery": r"\bsurg(?:ery|eries|ical|ically)\b|\bresect(?:ion|ions|ed)\b|\b\w+ectom(?:y|ies)\b",
    "radiotherapy": r"\b(?:chemo)?radio(?:chemo)?therapy\b|\bradiation\stherapy\b|\bbrachytherapy\b"
    r"|\b(?:external|total-body|whole-brain)\s(?:beam\s)?(?:ir)?radiation\b",
    "transplantation": r"\btransplant(?:s|ed|ation|ations)?\b",
    "cell or gene therapy": r"\b(?:gene|cell)\stherap(?:y|ies)\b|\bCAR[-\s]T\b|\b(?:gene|genome|base)[-\s]editing\b",
    "vaccination": r"\bvaccin(?:e|es|ation|ated)\b|\bimmuni[sz]ation\b",
    "behaviour": r"\b(?:physical\sactivity|exercise|diet(?:s|ary)?|counsell?ing|psychotherapy|rehabilitation)\b"
    r"|\bsmoking\scessation\b",
    "diagnostic test": r"\bdiagnostic\s(?:tests?|tools?|methods?|approach(?:es)?|criteria|procedures|pathology)\b"
    r"|\b(?:molecular|genetic|prenatal|early|routine)\sdiagnos(?:is|es|tics?)\b|\bdifferential\sdiagnosis\b"
    r"|\b(?:rapid|genetic|predictive)\stest(?:s|ing)\b|\b(?:bio)?markers?\sdetection\b|\b(?:immuno)?assays?\b"
    r"|\bscreening\b",
}
"""By name: what was done to patients, or is proposed to be."""

OUTCOMES: Mapping[str, str] = {
    "survival": r"\b(?:overall|free|patient|long-term)[-\s]survival\b|\bmortality\s(?:rates?|was)\b|\bdied\b"
    r"|\bsurvival\s(?:rates?|times?|analys[ei]s|curves?)\b"
    r"|\b(?:poor|poorer|worse|better|favou?rable)\s(?:overall\s)?(?:prognosis|survival)\b",
    "recurrence or progression": r"\bprogression-free\b|\bdisease\sprogression\b|\btime\sto\sprogression\b"
    r"|\b(?:developed|local|tumou?r|disease)\s(?:recurrences?|relapses?)\b|\bwho\s(?:progressed|relapsed)\b",
    "response to treatment": r"\b(?:objective|complete|partial|overall)\s(?:response|remission)s?\b"
    r"|\bresponse\srates?\b|\b(?:treatment|disease)\sresponse\b|\b(?:lack\sof|partial)\s(?:\w+\s)?response\sto\b",
    "adverse events": r"\b(?:adverse|side)\s(?:events?|effects?|reactions?)\b|\btoxicit(?:y|ies)\b|\bcomplications?\b",
    "diagnostic accuracy": r"\bsensitivity\s(?:of|and)\b|\bspecificity\s(?:of|and|\d)"
    r"|\b(?:positive|negative)\spredictive\svalues?\b|\blimit\sof\sdetection\b"
    r"|\bdiagnostic\s(?:yield|accuracy|performance)\b",
    "quality of life": r"\bquality\sof\slife\b",
    "incidence or prevalence": r"\b(?:incidence|prevalence)\s(?:rates?\s)?(?:of|was|were)\b|\brisk\sof\sincident\b",
}
"""By name: what a paper says that it observed in patients."""

MOST_STUDY_TYPES = 2
LEAST_SAID = 2
"""How often is named what a paper is about (a population, an intervention) or works on; once in the title will do."""
_WAS_DONE = re.compile(r"\b(?:treated|administ\w+|received|receiving|underwent|was\sgiven|performed)\b", re.IGNORECASE)
"""In a sentence that says so an intervention was done: there, once will do."""
_NAMED_IN_PASSING = frozenset(("animal study", "laboratory study"))
"""A trial may mention mice, and a review cell lines."""

_TYPES = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in STUDY_TYPES.items()}
_PEOPLE = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in POPULATIONS.items()}
_DONE = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in INTERVENTIONS.items()}
_OBSERVED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in OUTCOMES.items()}


def topics_of(title: str, abstract: str) -> list[str]:
    """`study type: …`, at most `MOST_STUDY_TYPES` of them, `population: …`, `intervention: …` and `outcome: …`."""
    text = f"{title}\n{abstract}"

    def is_subject(pattern: re.Pattern[str]) -> bool:
        return bool(pattern.search(title)) or len(pattern.findall(text)) >= LEAST_SAID

    types = [
        name
        for name, pattern in _TYPES.items()
        if (is_subject(pattern) if name in _NAMED_IN_PASSING else pattern.search(text))
    ]
    done = "\n".join(abstract[a:b] for a, b in sentences(abstract) if _WAS_DONE.search(abstract, a, b))
    return [
        *(f"study type: {name}" for name in types[:MOST_STUDY_TYPES]),
        *(f"population: {name}" for name, pattern in _PEOPLE.items() if is_subject(pattern)),
        *(f"intervention: {name}" for name, pattern in _DONE.items() if is_subject(pattern) or pattern.search(done)),
        *(f"outcome: {name}" for name, pattern in _OBSERVED.items() if pattern.search(abstract)),
    ]


def area_topics(areas: Sequence[str]) -> list[str]:
    """`disease area: …` for each area of the Disease Ontology."""
    return [f"disease area: {area}" for area in areas]
