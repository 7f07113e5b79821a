"""From a disease name to what it stands for in the Disease Ontology and in MeSH.

A name is looked up as it is, folded (case, plural, spelling, hyphens), then with what is commonly said otherwise put
the vocabulary's way (`type II` is `type 2`, `cancer of the breast` is `breast cancer`, `lung tumour` is `lung cancer`,
`fragile X` is a syndrome), then among the names that other ontologies have, then by its stems in any order (`renal
amyloidosis` is `amyloidosis of the kidney`), and last without its leading words (`sporadic colorectal cancer`). Each
step is less sure, and scored so.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Self

from serve.extractor.concepts import Concept, Concepts
from serve.extractor.lexicon import find_names
from serve.extractor.mesh import (
    MESH_FILE,
    SUPPLEMENTS_FILE,
    Heading,
    in_order,
    read_disease_headings,
    read_disease_supplements,
)
from serve.extractor.phrasing import (
    JOINS,
    SAYS_NOTHING_ALONE,
    essence,
    essence_of_harm,
    fold_once,
    numbered,
    rephrased,
)
from serve.extractor.vocabulary import ONTOLOGY_FILE, REFERRING_FILES, Disease, DiseaseOntology, read_terms
from serve.text.folding import fold, is_abbreviation

EXACT, REPHRASED, REFERRED, SAME_ESSENCE, GENERALISED = 1.0, 0.9, 0.85, 0.75, 0.8
"""Scores of a name that is in the vocabularies, that is with other words, that another ontology has, that is with other
forms of its words, and that a kind of a name in it; the last is lowered by what is left out."""
LEARNT = 0.85
"""The score of a name whose heading was learnt from annotated papers."""

_TURNS_ROUND = frozenset(("non", "without", "benign"))
"""What follows them is just what the name does not mean."""
_LEAST_KEPT = 0.5
"""A name of which less is known stands for something else, if perhaps of the same kind."""
_SHORTEST_WITH_STEMS = 5


class Normaliser:
    """Looks names up; dictionaries in a process, microseconds a name.

    Args:
        referring: terms of other ontologies; their references lead to the two vocabularies.
    """

    def __init__(
        self, ontology: DiseaseOntology, headings: Sequence[Heading], referring: Sequence[Disease] = ()
    ) -> None:
        concepts = Concepts(ontology, headings, referring)
        self._of_headings = concepts.of_headings
        self._supplements = frozenset(heading.id for heading in headings if heading.kept_under)
        diseases = [(disease, concepts.of_diseases[disease.id]) for disease in ontology]
        in_mesh = [(heading, concepts.of_headings[heading.id]) for heading in headings]
        # The first to claim a name has it: names before synonyms, the ontology before MeSH. `Stroke` is a heading, and
        # only a synonym of a wider term of the ontology.
        self._own = _Names()
        for disease, concept in diseases:
            self._own.claim([disease.name], concept)
        for heading, concept in in_mesh:
            self._own.claim([heading.name], concept)
        for disease, concept in diseases:
            self._own.claim(disease.synonyms, concept)
        for heading, concept in in_mesh:
            self._own.claim(heading.synonyms, concept)
        self._referring = _Names()
        for term, concept in concepts.of_referring():
            self._referring.claim([term.name, *term.synonyms], concept)
        self._essences: dict[str, Concept] = {}
        for key, concept in chain(self._own.words(), self._referring.words()):
            if len(key) >= _SHORTEST_WITH_STEMS and (said := essence(key)):
                self._essences.setdefault(said, concept)
        fold_once.cache_clear()
        self.normalise = lru_cache(maxsize=65_536)(self._normalise)

    @classmethod
    def load(cls, vocabularies: Path) -> Self:
        """From the prepared catalogue entry `disease-vocabularies`. Raises `VocabularyError`."""
        headings = read_disease_headings(vocabularies / MESH_FILE)
        supplements = read_disease_supplements(vocabularies / SUPPLEMENTS_FILE, headings)
        referring = [
            replace(term, name=in_order(term.name), synonyms=tuple(map(in_order, term.synonyms)))
            for name in REFERRING_FILES
            for term in read_terms(vocabularies / name)
        ]
        return cls(DiseaseOntology.load(vocabularies / ONTOLOGY_FILE), [*headings, *supplements], referring)

    def names_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a text has names of the ontology and of MeSH's headings, the longest at each place.

        Those of supplementary records only are left out: with them the tagger's ends are put right less often.
        """

        def is_name(key: str, written: str) -> bool:
            found = self._own.find(key, written)
            return found is not None and (found.doid is not None or found.mesh not in self._supplements)

        return find_names(text, is_name)

    def heading(self, id_: str) -> Concept | None:
        """What a heading of MeSH stands for, or None where it is no disease's."""
        return self._of_headings.get(id_)

    def _normalise(self, name: str) -> Concept | None:
        """What the name stands for, or None where no vocabulary has anything like it."""
        key = fold(name)
        if found := self._find(key, name, least_stems=1):
            return found
        parts = name.split()
        for start in range(1, len(parts)):
            rest = " ".join(parts[start:])
            key = fold(rest)
            if key in SAYS_NOTHING_ALONE:
                return None
            # What is left may be no disease at all, so one stem of it says too little.
            if found := self._find(key, rest, least_stems=2):
                return _of_which(name, found, left_out=parts[:start])
        return None

    def _find(self, key: str, written: str, *, least_stems: int) -> Concept | None:
        if found := self._own.find(key, written):
            return found
        phrasings = list(rephrased(key))
        if found := next(filter(None, map(self._own.get, phrasings)), None):
            return scored(found, REPHRASED)
        if found := self._referring.find(key, written) or next(filter(None, map(self._referring.get, phrasings)), None):
            return scored(found, REFERRED)
        if not is_abbreviation(written) and key not in SAYS_NOTHING_ALONE:
            for said in (essence(key), essence_of_harm(key)):
                if said.count(" ") + 1 >= least_stems and (found := self._essences.get(said)):
                    return scored(found, SAME_ESSENCE)
        return None


class _Names:
    """Folded names and what they stand for."""

    def __init__(self) -> None:
        self._concepts: dict[str, Concept] = {}
        self._abbreviations: set[str] = set()
        """Keys that only abbreviations have: folded, `THES` is `the` and `ALL` is `all`."""

    def get(self, key: str) -> Concept | None:
        return self._concepts.get(key)

    def find(self, key: str, written: str) -> Concept | None:
        """The concept of a folded name, unless that is an abbreviation's and the name is not written as one."""
        return None if key in self._abbreviations and not is_abbreviation(written) else self._concepts.get(key)

    def words(self) -> Iterator[tuple[str, Concept]]:
        """Those that are no abbreviations, in the order they were claimed."""
        return ((key, concept) for key, concept in self._concepts.items() if key not in self._abbreviations)

    def claim(self, names: Iterable[str], concept: Concept) -> None:
        """Names that stand for a concept where they are not taken yet."""
        for name in names:
            key = fold_once(name)
            abbreviated = is_abbreviation(name)
            for said in {key: None, numbered(key): None}:
                if not said or said in SAYS_NOTHING_ALONE:
                    continue
                if not abbreviated:
                    self._abbreviations.discard(said)
                elif said not in self._concepts:
                    self._abbreviations.add(said)
                self._concepts.setdefault(said, concept)


def scored(concept: Concept, score: float) -> Concept:
    """The concept, as sure as that."""
    return replace(concept, score=round(score, 3))


def _of_which(name: str, concept: Concept, *, left_out: Sequence[str]) -> Concept | None:
    """What a name stands for whose end stands for `concept`: a kind of it, unless what was left out says otherwise."""
    words = frozenset(map(fold, left_out))
    if words & _TURNS_ROUND:
        return None
    kept = 1 - len(left_out) / len(name.split())
    if words & JOINS or kept < _LEAST_KEPT:
        # "Cancer of the breast and ovaries": what ends in no cancer may begin with one.
        is_cancer = (concept.is_cancer or None) if words & JOINS else concept.is_cancer
        return Concept(" ".join(name.casefold().split()), None, None, is_cancer, score=round(kept / 2, 3))
    return scored(concept, GENERALISED * kept)
