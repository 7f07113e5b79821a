"""The names of diseases in all vocabularies, each with what it stands for: made once, kept in a file, read in no time.

Reading the vocabularies, seeing what their terms stand for and folding some 300,000 names takes seconds of processor
time and a lot of memory. The model store does it when it prepares the catalogue entry `disease-names`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Self

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic takes that of `typing` from Python 3.12 on

from serve.extractor import concepts, mesh, phrasing, vocabulary
from serve.extractor.concepts import Concept, Concepts
from serve.extractor.mesh import (
    MESH_FILE,
    SUPPLEMENTS_FILE,
    Heading,
    in_order,
    read_disease_headings,
    read_disease_supplements,
)
from serve.extractor.phrasing import SAYS_NOTHING_ALONE, essence, fold_once, numbered
from serve.extractor.vocabulary import (
    ONTOLOGY_FILE,
    REFERRING_FILES,
    Disease,
    DiseaseOntology,
    VocabularyError,
    read_terms,
)
from serve.text import folding
from serve.text.folding import is_abbreviation

CATALOG_ENTRY = "disease-names"
NAMES_FILE = "names.json"
_DECIDING: tuple[ModuleType, ...] = (concepts, mesh, phrasing, vocabulary, folding)

_SHORTEST_WITH_STEMS = 5


@dataclass(frozen=True, slots=True)
class Names:
    """Folded names and what they stand for."""

    concepts: dict[str, Concept] = field(default_factory=dict)
    abbreviations: set[str] = field(default_factory=set)
    """Keys that only abbreviations have: folded, `THES` is `the` and `ALL` is `all`."""

    def get(self, key: str) -> Concept | None:
        """The concept of a folded name."""
        return self.concepts.get(key)

    def find(self, key: str, written: str) -> Concept | None:
        """The concept of a folded name, unless that is an abbreviation's and the name is not written as one."""
        return None if key in self.abbreviations and not is_abbreviation(written) else self.concepts.get(key)

    def words(self) -> Iterator[tuple[str, Concept]]:
        """Those that are no abbreviations, in the order they were claimed."""
        return ((key, concept) for key, concept in self.concepts.items() if key not in self.abbreviations)

    def claim(self, names: Iterable[str], concept: Concept) -> None:
        """Names that stand for a concept where they are not taken yet."""
        for name in names:
            key = fold_once(name)
            abbreviated = is_abbreviation(name)
            for said in {key: None, numbered(key): None}:
                if not said or said in SAYS_NOTHING_ALONE:
                    continue
                if not abbreviated:
                    self.abbreviations.discard(said)
                elif said not in self.concepts:
                    self.abbreviations.add(said)
                self.concepts.setdefault(said, concept)


@dataclass(frozen=True, slots=True)
class DiseaseNames:
    """Names of the Disease Ontology and MeSH, names of other ontologies, and both by the stems of their words."""

    own: Names
    referring: Names
    essences: Mapping[str, Concept]
    headings: Mapping[str, Concept]
    """What each heading of MeSH stands for, by its id."""
    supplements: frozenset[str]
    """Headings that are supplementary records."""

    @classmethod
    def of(cls, ontology: DiseaseOntology, headings: Sequence[Heading], referring: Sequence[Disease] = ()) -> Self:
        """Make them of the vocabularies; the references of `referring`, terms of other ontologies, lead to these."""
        known = Concepts(ontology, headings, referring)
        diseases = [(disease, known.of_diseases[disease.id]) for disease in ontology]
        in_mesh = [(heading, known.of_headings[heading.id]) for heading in headings]
        # The first to claim a name has it: names before synonyms, the ontology before MeSH. `Stroke` is a heading, and
        # only a synonym of a wider term of the ontology.
        own, referred = Names(), Names()
        for disease, concept in diseases:
            own.claim([disease.name], concept)
        for heading, concept in in_mesh:
            own.claim([heading.name], concept)
        for disease, concept in diseases:
            own.claim(disease.synonyms, concept)
        for heading, concept in in_mesh:
            own.claim(heading.synonyms, concept)
        for term, concept in known.of_referring():
            referred.claim([term.name, *term.synonyms], concept)
        essences: dict[str, Concept] = {}
        for key, concept in chain(own.words(), referred.words()):
            if len(key) >= _SHORTEST_WITH_STEMS and (said := essence(key)):
                essences.setdefault(said, concept)
        fold_once.cache_clear()
        supplements = frozenset(heading.id for heading in headings if heading.kept_under)
        return cls(own, referred, essences, known.of_headings, supplements)

    @classmethod
    def read_vocabularies(cls, vocabularies: Path) -> Self:
        """From the prepared catalogue entry `disease-vocabularies`. Raises `VocabularyError`."""
        headings = read_disease_headings(vocabularies / MESH_FILE)
        supplements = read_disease_supplements(vocabularies / SUPPLEMENTS_FILE, headings)
        referring = [
            replace(term, name=in_order(term.name), synonyms=tuple(map(in_order, term.synonyms)))
            for name in REFERRING_FILES
            for term in read_terms(vocabularies / name)
        ]
        return cls.of(DiseaseOntology.load(vocabularies / ONTOLOGY_FILE), [*headings, *supplements], referring)

    def save(self, directory: Path) -> None:
        """Write `names.json` into a directory, which need not exist."""
        tables = [self.own.concepts, self.referring.concepts, self.essences, self.headings]
        numbers = {
            concept: number for number, concept in enumerate(dict.fromkeys(chain(*(t.values() for t in tables))))
        }
        own, referring, essences, headings = ({key: numbers[c] for key, c in table.items()} for table in tables)
        content = _File(
            concepts=list(numbers),
            own=own,
            own_abbreviations=sorted(self.own.abbreviations),
            referring=referring,
            referring_abbreviations=sorted(self.referring.abbreviations),
            essences=essences,
            headings=headings,
            supplements=sorted(self.supplements),
        )
        directory.mkdir(parents=True, exist_ok=True)
        (directory / NAMES_FILE).write_bytes(_FILE.dump_json(content))

    @classmethod
    def load(cls, directory: Path) -> Self:
        """From the prepared catalogue entry `disease-names`. Raises `VocabularyError` that says what to do."""
        path = directory / NAMES_FILE
        try:
            content = _FILE.validate_json(path.read_bytes())
            concepts = content["concepts"]
            own, referring, essences, headings = (
                {key: concepts[number] for key, number in table.items()}
                for table in (content["own"], content["referring"], content["essences"], content["headings"])
            )
        except (OSError, ValidationError, IndexError) as error:
            problem = f"{path}: {error}. Run `pubserve-models prepare --rebuild {CATALOG_ENTRY}`."
            raise VocabularyError(problem) from error
        return cls(
            Names(own, set(content["own_abbreviations"])),
            Names(referring, set(content["referring_abbreviations"])),
            essences,
            headings,
            frozenset(content["supplements"]),
        )


def made_by() -> dict[str, str]:
    """The sha256 of the code that decides what is in the file, by module: another version of it makes another file."""
    paths = {module.__name__: str(module.__file__) for module in _DECIDING} | {__name__: __file__}
    return {name: hashlib.sha256(Path(path).read_bytes()).hexdigest() for name, path in paths.items()}


class _File(TypedDict):
    """What is written: every concept once, and names with the number of what they stand for."""

    concepts: list[Concept]
    own: dict[str, int]
    own_abbreviations: list[str]
    referring: dict[str, int]
    referring_abbreviations: list[str]
    essences: dict[str, int]
    headings: dict[str, int]
    supplements: list[str]


_FILE = TypeAdapter(_File)
