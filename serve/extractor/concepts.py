"""What terms of the Disease Ontology and headings of MeSH stand for, each seen with the other's id."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from serve.extractor.mesh import NEOPLASMS, Heading
from serve.extractor.phrasing import CARCINOMA, fold_once
from serve.extractor.vocabulary import CELLULAR_PROLIFERATION, Disease, DiseaseOntology
from serve.text.folding import is_abbreviation

_LEVELS_UP = 3
"""As far as a wider heading still says something of the disease."""
_SAY_NOTHING = frozenset(("DOID:4", "DOID:7", CELLULAR_PROLIFERATION))
"""Disease, that of an anatomical entity, and tumours of any kind."""
_MESH, _ALSO_MESH, _DOID = "MESH:", "MSH:", "DOID:"


@dataclass(frozen=True, slots=True)
class Concept:
    """What a name stands for. `is_cancer` is None where the ontology does not know the disease; `score` in (0, 1].

    `mesh` is the heading of that very disease, or the nearest wider one.
    """

    name: str
    doid: str | None
    mesh: str | None
    is_cancer: bool | None
    score: float
    areas: tuple[str, ...] = ()
    """Broad groups of the Disease Ontology."""


class Concepts:
    """The concepts of two vocabularies.

    Args:
        referring: terms of other ontologies, which lead to these two by their references.
    """

    def __init__(
        self, ontology: DiseaseOntology, headings: Sequence[Heading], referring: Sequence[Disease] = ()
    ) -> None:
        self._ontology = ontology
        self._depths = {heading.id: max((p.count(".") for p in heading.places), default=0) for heading in headings}
        referred = ((term, self._headings_of(term), tuple(_ids(term, _DOID))) for term in referring)
        self._referring = [(term, ids, doids) for term, ids, doids in referred if ids or doids]
        headings_of_diseases = _HeadingsOfDiseases(headings, self._referring)
        own = {disease.id: headings_of_diseases.of(disease) for disease in ontology}
        self.of_diseases = {
            disease.id: self._of_disease(disease, own[disease.id] or self._wider(disease.id, own))
            for disease in ontology
        }
        """By DOID, in the ontology's order."""
        of_name = self._by_name()
        self.of_headings: dict[str, Concept] = {}
        """By MeSH id, in the order given: supplementary records come after the headings they are kept under."""
        for heading in headings:
            self.of_headings[heading.id] = self._of_heading(heading, of_name)

    def of_referring(self) -> Iterator[tuple[Disease, Concept]]:
        """The other ontologies' terms with what they refer to. Of several headings the first counts."""
        for term, headings, doids in self._referring:
            diseases = [self.of_diseases[doid] for doid in doids if doid in self.of_diseases]
            disease = diseases[0] if len(diseases) == 1 else None
            if headings and not (disease and disease.mesh in headings):
                yield term, self.of_headings[headings[0]]
            elif disease:
                yield term, disease

    def _headings_of(self, term: Disease) -> tuple[str, ...]:
        return tuple(id_ for id_ in _ids(term, _MESH, _ALSO_MESH) if id_ in self._depths)

    def _wider(self, doid: str, own: Mapping[str, str | None]) -> str | None:
        """The heading of the nearest wider disease that has one; of several the one deepest in MeSH's trees."""
        level = [doid]
        for _ in range(_LEVELS_UP):
            level = [parent for id_ in level for parent in self._ontology[id_].parents if parent not in _SAY_NOTHING]
            if found := [heading for id_ in level if (heading := own[id_])]:
                return max(found, key=lambda id_: self._depths.get(id_, 0))
        return None

    def _of_disease(self, disease: Disease, mesh: str | None) -> Concept:
        # "Tumour" may be benign or not: what stands for both is of neither kind.
        is_cancer: bool | None = self._ontology.is_cancer(disease.id)
        name = disease.name
        if disease.id == CELLULAR_PROLIFERATION:
            is_cancer, name = None, "neoplasm"  # nobody calls it a disease of cellular proliferation
        return Concept(name, disease.id, mesh, is_cancer, score=1.0, areas=self._ontology.areas(disease.id))

    def _by_name(self) -> dict[str, Concept]:
        """The disease of a folded name; names count before synonyms, and of several the first."""
        diseases = [(disease, self.of_diseases[disease.id]) for disease in self._ontology]
        of_name: dict[str, Concept] = {}
        for disease, concept in diseases:
            of_name.setdefault(fold_once(disease.name), concept)
        for disease, concept in diseases:
            for synonym in disease.synonyms:
                of_name.setdefault(fold_once(synonym), concept)
        return of_name

    def _of_heading(self, heading: Heading, of_name: Mapping[str, Concept]) -> Concept:
        """The disease that has one of the heading's names and is that heading. Without one, the heading alone: a term
        that only refers to it may be something narrower."""
        named = (of_name.get(fold_once(name)) for name in (heading.name, *heading.synonyms))
        if same := next((concept for concept in named if concept and concept.mesh == heading.id), None):
            return same
        kinds: set[bool | None] = {
            self._ontology.is_cancer(disease.id) for disease in self._ontology.with_xref(f"{_MESH}{heading.id}")
        }
        if not kinds and heading.kept_under:
            kinds = {self.of_headings[id_].is_cancer for id_ in heading.kept_under}
        elif not kinds and not heading.is_under(NEOPLASMS):
            kinds = {False}
        return Concept(heading.name, None, heading.id, kinds.pop() if len(kinds) == 1 else None, score=1.0)


class _HeadingsOfDiseases:
    """The headings that diseases of the ontology are, by names and references."""

    def __init__(
        self, headings: Sequence[Heading], referring: Sequence[tuple[Disease, tuple[str, ...], tuple[str, ...]]]
    ) -> None:
        self._by_name: dict[str, str] = {}
        self._referred_name: dict[str, str] = {}
        self._referred_doid: dict[str, str] = {}
        # A heading's own name counts before synonyms of others.
        for heading in headings:
            self._by_name.setdefault(fold_once(heading.name), heading.id)
        for heading in headings:
            for synonym in heading.synonyms:
                self._by_name.setdefault(fold_once(synonym), heading.id)
        for term, ids, doids in referring:
            for id_ in ids[:1]:
                for doid in doids:
                    self._referred_doid.setdefault(doid, id_)
                for name in (term.name, *term.synonyms):
                    if not is_abbreviation(name):
                        self._referred_name.setdefault(fold_once(name), id_)

    def of(self, disease: Disease) -> str | None:
        """The heading of the same name; where there is none, the ontology's own reference to MeSH, then the heading
        that has one of its synonyms, and last the one that another ontology says is the same."""
        keys = [fold_once(name) for name in (disease.name, *disease.synonyms)]
        # MeSH does not tell carcinomas of an organ from its cancers.
        also = [CARCINOMA.sub("cancer", key) for key in keys]
        return next(
            filter(
                None,
                (
                    self._by_name.get(keys[0]),
                    next(_ids(disease, _MESH), None),
                    *map(self._by_name.get, (*keys, *also)),
                    self._referred_doid.get(disease.id),
                    self._referred_name.get(keys[0]),
                ),
            ),
            None,
        )


def _ids(term: Disease, *prefixes: str) -> Iterator[str]:
    """The term's ids in a vocabulary: a MeSH id bare, a DOID as it is."""
    for xref in term.xrefs:
        for prefix in prefixes:
            if xref.startswith(prefix):
                bare = xref.removeprefix(prefix)
                yield f"{_DOID}{bare.removeprefix(_DOID)}" if prefix == _DOID else bare
