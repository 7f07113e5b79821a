"""From a disease name to what it stands for in the Disease Ontology and in MeSH.

A name is looked up as it is, folded (case, plural, spelling, hyphens), then with what is commonly said otherwise put
the vocabulary's way (`type II` is `type 2`, `cancer of the breast` is `breast cancer`, `lung tumour` is `lung cancer`,
`fragile X` is a syndrome), and last without its leading words (`sporadic colorectal cancer`). Each step is less sure,
and scored so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Self

from serve.extractor.lexicon import find_names
from serve.extractor.mesh import MESH_FILE, NEOPLASMS, Heading, read_disease_headings
from serve.extractor.vocabulary import CELLULAR_PROLIFERATION, ONTOLOGY_FILE, Disease, DiseaseOntology
from serve.text.folding import fold, is_abbreviation

EXACT, REPHRASED, GENERALISED = 1.0, 0.9, 0.8
"""Scores of a name that is in the vocabulary, that is with other words, and that a kind of a name in it."""

_NUMERALS = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}
_OF = re.compile(r"^(?P<what>.+?) (?:of|in) (?:the )?(?P<where>.+)$")
_DISEASE, _SYNDROME = fold("disease"), fold("syndrome")
_DISORDER = re.compile(rf"\b{fold('disorder')}$")
_CARCINOMA = re.compile(r"\bcarcinoma$")
_TUMOUR = re.compile(r"\b(?:tumor|neoplasm|neoplasia|malignancy)$")
_JOINS = frozenset(("and", "or"))
"""`breast and ovarian cancer` is two diseases, so it is neither, though both are cancers."""
_TURNS_ROUND = frozenset(("non", "without", "benign"))
"""What follows them is just what the name does not mean."""
_LEAST_KEPT = 0.5
"""A name of which less is known stands for something else, if perhaps of the same kind."""
_HEAD_WORDS = """
    disease syndrome disorder deficiency condition abnormality damage defect deficit delay dysfunction function injury
    loss symptom toxic
"""
SAYS_NOTHING_ALONE = frozenset(map(fold, _HEAD_WORDS.split()))
"""Folded words that are a disease only together with another."""


@dataclass(frozen=True, slots=True)
class Concept:
    """What a name stands for. `is_cancer` is None where the ontology does not know the disease; `score` in (0, 1]."""

    name: str
    doid: str | None
    mesh: str | None
    is_cancer: bool | None
    score: float
    areas: tuple[str, ...] = ()
    """Broad groups of the Disease Ontology."""


class Normaliser:
    """Looks names up; a dictionary per process, microseconds a name."""

    def __init__(self, ontology: DiseaseOntology, headings: Sequence[Heading]) -> None:
        self._concepts: dict[str, Concept] = {}
        self._abbreviations: set[str] = set()
        """Keys that only abbreviations have: folded, `THES` is `the` and `ALL` is `all`."""
        heading_of = _by_name(headings)
        # The first to claim a name has it: names before synonyms, the ontology before MeSH. `Stroke` is a heading, and
        # only a synonym of a wider term of the ontology.
        diseases = [(disease, _of_disease(disease, ontology, heading_of)) for disease in ontology]
        for disease, concept in diseases:
            self._claim([disease.name], concept)
        of_name = {fold(name): concept for disease, concept in reversed(diseases) for name in disease.synonyms}
        of_name |= {fold(disease.name): concept for disease, concept in reversed(diseases)}
        in_mesh = [(heading, _of_heading(heading, ontology, of_name)) for heading in headings]
        for heading, concept in in_mesh:
            self._claim([heading.name], concept)
        for disease, concept in diseases:
            self._claim(disease.synonyms, concept)
        for heading, concept in in_mesh:
            self._claim(heading.synonyms, concept)
        self.normalise = lru_cache(maxsize=65_536)(self._normalise)

    @classmethod
    def load(cls, vocabularies: Path) -> Self:
        """From the prepared catalogue entry `disease-vocabularies`. Raises `VocabularyError`."""
        return cls(DiseaseOntology.load(vocabularies / ONTOLOGY_FILE), read_disease_headings(vocabularies / MESH_FILE))

    def names_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a text has names of the vocabularies, the longest at each place."""
        return find_names(text, lambda key, written: self._lookup(key, written) is not None)

    def _normalise(self, name: str) -> Concept | None:
        """What the name stands for, or None where no vocabulary has anything like it."""
        key = fold(name)
        if found := self._lookup(key, name):
            return found
        phrasings = list(_rephrased(key))
        if found := next(filter(None, map(self._concepts.get, phrasings)), None):
            return _scored(found, REPHRASED)
        parts = name.split()
        for start in range(1, len(parts)):
            rest = fold(" ".join(parts[start:]))
            if rest in SAYS_NOTHING_ALONE:
                return None
            if found := next(filter(None, map(self._concepts.get, (rest, *_rephrased(rest)))), None):
                return _of_which(name, found, left_out=parts[:start])
        return None

    def _lookup(self, key: str, written: str) -> Concept | None:
        """The concept of a folded name, unless that is an abbreviation's and the name is not written as one."""
        return None if key in self._abbreviations and not is_abbreviation(written) else self._concepts.get(key)

    def _claim(self, names: Iterable[str], concept: Concept) -> None:
        for name in names:
            key = fold(name)
            for said in (key, _numbered(key)):
                if not said or said in SAYS_NOTHING_ALONE:
                    continue
                if not is_abbreviation(name):
                    self._abbreviations.discard(said)
                elif said not in self._concepts:
                    self._abbreviations.add(said)
                self._concepts.setdefault(said, concept)


def _by_name(headings: Sequence[Heading]) -> dict[str, str]:
    """The heading that a folded name stands for; a heading's own name counts before synonyms of others."""
    found: dict[str, str] = {}
    for heading in headings:
        found.setdefault(fold(heading.name), heading.id)
    for heading in headings:
        for synonym in heading.synonyms:
            found.setdefault(fold(synonym), heading.id)
    return found


def _of_disease(disease: Disease, ontology: DiseaseOntology, heading_of: Mapping[str, str]) -> Concept:
    """The heading of the same name counts; where there is none, the ontology's own reference to MeSH, and last the
    heading that has one of its synonyms."""
    referred = [xref.removeprefix("MESH:") for xref in disease.xrefs if xref.startswith("MESH:")]
    keys = [fold(name) for name in (disease.name, *disease.synonyms)]
    own = [heading_of[keys[0]]] if keys[0] in heading_of else []
    # MeSH does not tell carcinomas of an organ from its cancers.
    keys += [_CARCINOMA.sub("cancer", key) for key in keys]
    named = [heading_of[key] for key in keys if key in heading_of]
    # "Tumour" may be benign or not: what stands for both is of neither kind.
    is_cancer: bool | None = ontology.is_cancer(disease.id)
    name = disease.name
    if disease.id == CELLULAR_PROLIFERATION:
        is_cancer, name = None, "neoplasm"  # nobody calls it a disease of cellular proliferation
    mesh = next(iter([*own, *referred, *named]), None)
    return Concept(name, disease.id, mesh, is_cancer, score=EXACT, areas=ontology.areas(disease.id))


def _of_heading(heading: Heading, ontology: DiseaseOntology, of_name: Mapping[str, Concept]) -> Concept:
    """The disease that has one of the heading's names and is that heading. Without one, the heading alone: a term that
    only refers to it may be something narrower."""
    named = (of_name.get(fold(name)) for name in (heading.name, *heading.synonyms))
    if same := next((concept for concept in named if concept and concept.mesh == heading.id), None):
        return same
    kinds = {ontology.is_cancer(disease.id) for disease in ontology.with_xref(f"MESH:{heading.id}")}
    if not kinds and not heading.is_under(NEOPLASMS):
        kinds = {False}
    return Concept(heading.name, None, heading.id, kinds.pop() if len(kinds) == 1 else None, score=EXACT)


def _of_which(name: str, concept: Concept, *, left_out: Sequence[str]) -> Concept | None:
    """What a name stands for whose end stands for `concept`: a kind of it, unless what was left out says otherwise."""
    words = frozenset(map(fold, left_out))
    if words & _TURNS_ROUND:
        return None
    kept = 1 - len(left_out) / len(name.split())
    if words & _JOINS or kept < _LEAST_KEPT:
        return Concept(" ".join(name.casefold().split()), None, None, concept.is_cancer, score=round(kept / 2, 3))
    return _scored(concept, GENERALISED * kept)


def _rephrased(key: str) -> Iterator[str]:
    """Other ways to say a folded name, likelier ones first."""
    numbered = _numbered(key)
    turned = [f"{match['where']} {match['what']}"] if (match := _OF.match(numbered)) else []
    seen = {key}
    for phrasing in (numbered, *turned):
        said = [phrasing, _TUMOUR.sub("cancer", phrasing), _DISORDER.sub(_DISEASE, phrasing)]
        if _JOINS.isdisjoint(phrasing.split()):
            said += [f"{phrasing} {_DISEASE}", f"{phrasing} {_SYNDROME}"]
        yield from (other for other in dict.fromkeys(said) if other not in seen)
        seen.update(said)


def _numbered(key: str) -> str:
    return " ".join(_NUMERALS.get(word, word) for word in key.split())


def _scored(concept: Concept, score: float) -> Concept:
    return replace(concept, score=round(score, 3))
