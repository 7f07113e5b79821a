"""From a disease name to what it stands for in the Disease Ontology and in MeSH.

A name is looked up as it is, folded (case, plural, spelling, hyphens), then with what is commonly said otherwise put
the vocabulary's way (`type II` is `type 2`, `cancer of the breast` is `breast cancer`, `lung tumour` is `lung cancer`,
`fragile X` is a syndrome), then among the names that other ontologies have, then by its stems in any order (`renal
amyloidosis` is `amyloidosis of the kidney`), and last without its leading words (`sporadic colorectal cancer`). Each
step is less sure, and scored so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Self

from serve.extractor.concepts import Concept
from serve.extractor.disease_names import DiseaseNames
from serve.extractor.lexicon import find_names
from serve.extractor.mesh import Heading
from serve.extractor.phrasing import JOINS, SAYS_NOTHING_ALONE, essence, essence_of_harm, rephrased
from serve.extractor.vocabulary import Disease, DiseaseOntology
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


class Normaliser:
    """Looks names up; dictionaries in a process, microseconds a name."""

    def __init__(self, names: DiseaseNames) -> None:
        self._names = names
        self.normalise = lru_cache(maxsize=65_536)(self._normalise)

    @classmethod
    def of(cls, ontology: DiseaseOntology, headings: Sequence[Heading], referring: Sequence[Disease] = ()) -> Self:
        """From vocabularies in memory. The references of `referring`, terms of other ontologies, lead to these."""
        return cls(DiseaseNames.of(ontology, headings, referring))

    @classmethod
    def load(cls, vocabularies: Path) -> Self:
        """From the prepared catalogue entry `disease-vocabularies`, in seconds. Raises `VocabularyError`.

        What serves reads the entry `disease-names` instead: `Normaliser(DiseaseNames.load(path))`.
        """
        return cls(DiseaseNames.read_vocabularies(vocabularies))

    def names_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a text has names of the ontology and of MeSH's headings, the longest at each place.

        Those of supplementary records only are left out: with them the tagger's ends are put right less often.
        """

        def is_name(key: str, written: str) -> bool:
            found = self._names.own.find(key, written)
            return found is not None and (found.doid is not None or found.mesh not in self._names.supplements)

        return find_names(text, is_name)

    def heading(self, id_: str) -> Concept | None:
        """What a heading of MeSH stands for, or None where it is no disease's."""
        return self._names.headings.get(id_)

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
        if found := self._names.own.find(key, written):
            return found
        phrasings = list(rephrased(key))
        if found := next(filter(None, map(self._names.own.get, phrasings)), None):
            return scored(found, REPHRASED)
        referring = self._names.referring
        if found := referring.find(key, written) or next(filter(None, map(referring.get, phrasings)), None):
            return scored(found, REFERRED)
        if not is_abbreviation(written) and key not in SAYS_NOTHING_ALONE:
            for said in (essence(key), essence_of_harm(key)):
                if said.count(" ") + 1 >= least_stems and (found := self._names.essences.get(said)):
                    return scored(found, SAME_ESSENCE)
        return None


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
