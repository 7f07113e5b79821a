"""The Disease Ontology: diseases by id, by name and by the ids of other vocabularies, and what is a kind of what."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, Self

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic takes that of `typing` from Python 3.12 on

CATALOG_ENTRY = "disease-vocabularies"
ONTOLOGY_FILE = "doid.json"
REFERRING_FILES = ("mondo.json", "hp.json")
"""Ontologies whose terms refer to MeSH and the Disease Ontology: Mondo knows more names of rare diseases, the Human
Phenotype Ontology those of signs and symptoms."""
REMEDY = f"Run `pubserve-models prepare --rebuild {CATALOG_ENTRY}`."

CANCER = "DOID:162"
CELLULAR_PROLIFERATION = "DOID:14566"
"""Cancers, benign neoplasms, and what may become a cancer."""


_TOP = frozenset(("DOID:4", "DOID:7", CELLULAR_PROLIFERATION))
"""What areas are directly a kind of: disease, disease of anatomical entity, and of cellular proliferation."""
_NO_AREAS = frozenset(("DOID:7", "DOID:225", CELLULAR_PROLIFERATION))
"""Too broad to say anything; a syndrome is not an area either."""


class VocabularyError(ValueError):
    """A vocabulary that cannot be read, or whose terms do not hold together."""


@dataclass(frozen=True, slots=True)
class Disease:
    """One term. `xrefs` are its ids in other vocabularies (`MESH:D008175`), `parents` what it is directly a kind of."""

    id: str
    name: str
    synonyms: tuple[str, ...] = ()
    xrefs: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()


class DiseaseOntology:
    """Terms, and the lookups over them; iterating gives the terms.

    Raises `VocabularyError` when two terms share an id, or a parent is not among the terms.
    """

    def __init__(self, diseases: Iterable[Disease]) -> None:
        self._by_id: dict[str, Disease] = {}
        self._by_name: defaultdict[str, list[Disease]] = defaultdict(list)
        self._by_xref: defaultdict[str, list[Disease]] = defaultdict(list)
        for disease in diseases:
            if disease.id in self._by_id:
                raise VocabularyError(f"{disease.id} stands for two terms")
            self._by_id[disease.id] = disease
        for disease in self:
            if strangers := [parent for parent in disease.parents if parent not in self._by_id]:
                raise VocabularyError(f"{disease.id} is a kind of {strangers[0]}, which is not there")
            self._by_name[_key(disease.name)].append(disease)
            for xref in dict.fromkeys(disease.xrefs):
                self._by_xref[xref].append(disease)
        for disease in self:
            for key in {_key(synonym) for synonym in disease.synonyms} - {_key(disease.name)}:
                self._by_name[key].append(disease)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read `doid.json`, as `read_terms` does. Raises `VocabularyError` that says what to do."""
        terms = read_terms(path)
        try:
            return cls(terms)
        except VocabularyError as error:
            raise VocabularyError(f"{path}: {error}. {REMEDY}") from error

    def __iter__(self) -> Iterator[Disease]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __getitem__(self, disease_id: str) -> Disease:
        """The term with an id such as `DOID:162`. Raises `KeyError` where there is none."""
        return self._by_id[disease_id]

    def named(self, name: str) -> tuple[Disease, ...]:
        """The terms that are called so, letter case and white space aside: those by their own name come first."""
        return tuple(self._by_name.get(_key(name), ()))

    def with_xref(self, xref: str) -> tuple[Disease, ...]:
        """The terms that an id of another vocabulary stands for: `MESH:D003110` is a cancer and a benign tumour."""
        return tuple(self._by_xref.get(xref, ()))

    def lineage(self, disease_id: str) -> frozenset[str]:
        """The term's own id and those of everything that it is, directly or not, a kind of."""
        found: set[str] = set()
        waiting = [disease_id]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting += self[current].parents
        return frozenset(found)

    def areas(self, disease_id: str) -> tuple[str, ...]:
        """The broad groups that the term falls into: organ systems, cancer, infections, genetic diseases and so on."""
        lineage = self.lineage(disease_id)
        groups = [d for id_ in lineage for d in [self[id_]] if d.id not in _NO_AREAS and _TOP.intersection(d.parents)]
        return tuple(sorted(group.name for group in groups))

    def is_cancer(self, disease_id: str) -> bool:
        """Whether the term is cancer or a kind of it."""
        return CANCER in self.lineage(disease_id)


class _Xref(TypedDict):
    id: str
    namespace: str


class _Relations(TypedDict, total=False):
    is_a: list[str]


class _Record(TypedDict):
    """A term as the file holds it; what else is in it is passed over."""

    id: str
    name: str
    synonyms: NotRequired[list[str]]
    xrefs: NotRequired[list[_Xref]]
    relations: NotRequired[_Relations]


_RECORDS = TypeAdapter(list[_Record])


def read_terms(path: Path) -> list[Disease]:
    """Read a file of an ontology: a list of terms with `id`, `name`, `synonyms`, `xrefs` and `relations`.

    Raises `VocabularyError` that names the file, the field and what to do.
    """
    try:
        return list(map(_disease, _RECORDS.validate_json(path.read_bytes())))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except OSError as error:
        problem = str(error)
    raise VocabularyError(f"{path}: {problem}. {REMEDY}")


def _disease(record: _Record) -> Disease:
    return Disease(
        id=record["id"],
        name=record["name"],
        synonyms=tuple(record.get("synonyms", ())),
        xrefs=tuple(f"{xref['namespace']}:{xref['id']}" for xref in record.get("xrefs", ())),
        parents=tuple(record.get("relations", {}).get("is_a", ())),
    )


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
