"""What annotators mean by names that no vocabulary has: `nephrotoxicity` is a kidney disease.

A name is learnt from at least two papers, and only where the vocabularies do not have it as it is and do not lead to
what the annotators mean. An abbreviation is not learnt: it means what its paper says. That what is learnt holds for
other papers is judged by leaving a fifth of them out, in turns.
"""

import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serve.extractor.mesh import Heading
from serve.extractor.normalisation import EXACT, Normaliser
from serve.extractor.resolution import abbreviations, name_key, spelt_out
from serve.text.folding import is_abbreviation
from training.extraction.corpus import AnnotatedPaper

PAPERS_MIN = 2
AGREEING_MIN = 0.75
"""Share of the papers with a name in which it means the same."""
FOLDS = 5
_BRACKET = "("
_MESH = "MESH:"
_DISEASE = "D004194"
"""Where annotators found nothing that says more."""
_DUE_TO_DRUGS = "C25"
_SAYS_SO = re.compile(r"tox|dos[ae]|poison|drug|abus|induc|addict|withdraw")


def learn_names(
    papers: Sequence[AnnotatedPaper], normaliser: Normaliser, headings: Sequence[Heading]
) -> dict[str, str]:
    """Headings of MeSH by name as it is written, in the order of the names.

    A corpus of what drugs do may call any liver injury one that is due to a drug. Such a heading is learnt only for
    names that say so themselves.
    """
    due_to_drugs = {heading.id for heading in headings if heading.is_under(_DUE_TO_DRUGS)}
    learnt = {}
    spellings, meanings = _meanings(papers)
    for key, by_meaning in meanings.items():
        name = spellings[key]
        (meaning, agreeing), *_ = sorted(by_meaning.items(), key=lambda item: (-len(item[1]), sorted(item[0])))
        of = len(frozenset().union(*by_meaning.values()))
        if is_abbreviation(name) or _BRACKET in name or meaning == {f"{_MESH}{_DISEASE}"}:
            continue
        if len(agreeing) < max(PAPERS_MIN, AGREEING_MIN * of) or len(meaning) != 1:
            continue
        heading = min(meaning).removeprefix(_MESH)
        found = normaliser.normalise(name)
        is_known = normaliser.heading(heading) is not None
        is_meant = heading not in due_to_drugs or _SAYS_SO.search(name)
        if is_known and is_meant and not (found and (found.score == EXACT or found.mesh == heading)):
            learnt[name] = heading
    return dict(sorted(learnt.items()))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How names learnt from other papers did in papers that were left out: mentions they gave an id, and right ones."""

    names: Mapping[str, str]
    mentions: int
    right: int


def judge(
    papers: Sequence[AnnotatedPaper], normaliser: Normaliser, headings: Sequence[Heading], *, seed: int
) -> LeftOut:
    """Learn names from four fifths of the papers and use them in the last, in turns; and learn them from all."""
    shuffled = random.Random(seed).sample(papers, len(papers))
    counts: Counter[bool] = Counter()
    for fold in range(FOLDS):
        others = [paper for place, paper in enumerate(shuffled) if place % FOLDS != fold]
        learnt = {name_key(name): heading for name, heading in learn_names(others, normaliser, headings).items()}
        counts.update(
            annotated == {f"{_MESH}{learnt[key]}"}
            for paper in shuffled[fold::FOLDS]
            for name, annotated in _names(paper)
            if (key := name_key(name)) in learnt
        )
    return LeftOut(learn_names(papers, normaliser, headings), counts.total(), counts[True])


def _meanings(
    papers: Sequence[AnnotatedPaper],
) -> tuple[Mapping[str, str], Mapping[str, Mapping[frozenset[str], set[str]]]]:
    """A spelling of every name, and by name and what it means the papers in which it does. By `name_key`, both."""
    spellings: dict[str, str] = {}
    meanings: defaultdict[str, defaultdict[frozenset[str], set[str]]] = defaultdict(lambda: defaultdict(set))
    for paper in papers:
        for name, annotated in _names(paper):
            key = name_key(name)
            spellings.setdefault(key, name if is_abbreviation(name) else name.lower())
            meanings[key][annotated].add(paper.id)
    return spellings, meanings


def _names(paper: AnnotatedPaper) -> list[tuple[str, frozenset[str]]]:
    """Every annotated name as it is looked up, and its ids."""
    long_forms = abbreviations(paper.document)
    return [(spelt_out(a.text, long_forms), a.concept_ids) for a in paper.annotations]
