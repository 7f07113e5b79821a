"""How well diseases were found: by document, by mention and by concept.

- by document: the distinct spellings of diseases in each paper, letter case and white space aside;
- by mention: places in the text, counted right only if both ends are (strict);
- by concept: the distinct diseases of each paper, for whatever has an id.

All are micro averages: counts are summed over papers first.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pubserve.contract import Mention
from serve.extractor.grounding import Field
from serve.extractor.vocabulary import DiseaseOntology
from training.evaluation import Estimate
from training.evaluation.estimates import bootstrap
from training.extraction.corpus import AnnotatedPaper

Place = tuple[Field, int, int]
Thing = TypeVar("Thing", Place, str)


@dataclass(frozen=True, slots=True)
class Score:
    """What was right, what was found and what should have been, paper by paper: (papers, 3)."""

    counts: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, found: Iterable[Collection[Thing]], wanted: Iterable[Collection[Thing]]) -> "Score":
        """From what was found and what was wanted in each paper; twice the same counts once."""
        pairs = [(set(given), set(expected)) for given, expected in zip(found, wanted, strict=True)]
        return cls(tuple((len(given & expected), len(given), len(expected)) for given, expected in pairs))

    @property
    def precision(self) -> float:
        right, found, _ = self._sums
        return right / found if found else 0.0

    @property
    def recall(self) -> float:
        right, _, wanted = self._sums
        return right / wanted if wanted else 0.0

    @property
    def f1(self) -> float:
        right, found, wanted = self._sums
        return 2 * right / (found + wanted) if found + wanted else 0.0

    @property
    def f1_estimate(self) -> Estimate:
        """F1 with its 95 % interval, from papers drawn with replacement."""
        counts = np.array(self.counts)

        def f1_of(rows: NDArray[np.intp]) -> float:
            right, found, wanted = counts[rows].sum(axis=0)
            return float(2 * right / (found + wanted)) if found + wanted else 0.0

        return bootstrap(f1_of, np.zeros(len(counts), dtype=bool))

    @property
    def _sums(self) -> tuple[int, int, int]:
        right, found, wanted = (sum(column) for column in zip(*self.counts, strict=True)) if self.counts else (0, 0, 0)
        return right, found, wanted


def mention_score(found: Sequence[Collection[Place]], papers: Sequence[AnnotatedPaper]) -> Score:
    """Places in the text, both ends right."""
    return Score.of(found, [paper.places for paper in papers])


def document_score(found: Sequence[Collection[Place]], papers: Sequence[AnnotatedPaper]) -> Score:
    """Distinct spellings per paper."""
    given = [spellings(places, paper) for places, paper in zip(found, papers, strict=True)]
    return Score.of(given, [spellings(paper.places, paper) for paper in papers])


def spellings(places: Iterable[Place], paper: AnnotatedPaper) -> set[str]:
    """The texts at these places, letter case and white space aside."""
    return {_plain(getattr(paper, field)[start:end]) for field, start, end in places}


def concept_score(
    mentions: Sequence[Sequence[Mention]], papers: Sequence[AnnotatedPaper], ontology: DiseaseOntology
) -> Score:
    """Distinct diseases per paper. Annotators write ids of MeSH and OMIM; OMIM's are followed to MeSH where the
    ontology knows the way, and to the ontology where it does not; what neither side could give an id plays no part."""
    wanted = [
        {wanted_concept(id_, ontology) for annotation in paper.annotations for id_ in annotation.concept_ids}
        for paper in papers
    ]
    found = [
        {key for mention in of if (key := _found_concept(mention, expected))}
        for of, expected in zip(mentions, wanted, strict=True)
    ]
    return Score.of(found, wanted)


def places_of(mentions: Iterable[Mention]) -> list[Place]:
    return [(mention.field, mention.start, mention.end) for mention in mentions]


def recall_by(
    is_in: Callable[[str], bool], found: Sequence[Collection[Place]], papers: Sequence[AnnotatedPaper]
) -> tuple[int, int]:
    """Of the mentions whose spelling is in a group: how many were found (strict), and how many there are."""
    of_group = [
        (place in set(given))
        for given, paper in zip(found, papers, strict=True)
        for place in paper.places
        if is_in(_plain(getattr(paper, place[0])[place[1] : place[2]]))
    ]
    return sum(of_group), len(of_group)


def error_kinds(found: Sequence[Collection[Place]], papers: Sequence[AnnotatedPaper]) -> dict[str, int]:
    """Errors by kind: found with other ends than the annotators', found where they marked nothing, and missed."""
    kinds = {"wrong ends": 0, "marked by nobody": 0, "missed": 0}
    for given, paper in zip(found, papers, strict=True):
        only_found, only_wanted = set(given) - set(paper.places), set(paper.places) - set(given)
        touched = {wanted for wanted in only_wanted if any(_overlap(wanted, other) for other in only_found)}
        touching = {other for other in only_found if any(_overlap(wanted, other) for wanted in only_wanted)}
        kinds["wrong ends"] += len(touched)
        kinds["marked by nobody"] += len(only_found - touching)
        kinds["missed"] += len(only_wanted - touched)
    return kinds


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _overlap(one: Place, other: Place) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _found_concept(mention: Mention, wanted: Collection[str]) -> str | None:
    """The id of the Disease Ontology where that is what was wanted, else that of MeSH, which may be a wider one."""
    if mention.ids.mesh and mention.ids.doid not in wanted:
        return f"MESH:{mention.ids.mesh}"
    return mention.ids.doid


def wanted_concept(id_: str, ontology: DiseaseOntology) -> str:
    """An annotators' id as it is compared."""
    if id_.startswith("MESH:"):
        return id_
    for disease in ontology.with_xref(id_):
        return next((xref for xref in disease.xrefs if xref.startswith("MESH:")), disease.id)
    return id_
