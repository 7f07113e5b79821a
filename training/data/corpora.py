"""Paper labels for corpora whose diseases are annotated: from what the annotated diseases are, never from words.

A paper is Cancer when it names cancers at least twice, and one of them in its title or half of its diseases are
cancers. It is Non-Cancer when it names diseases and none of them has to do with a neoplasm. What lies between, such as
benign tumours, inherited tumour syndromes, a cancer in passing and ids that no vocabulary knows, gets no label.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from serve.extractor.mesh import MESH_FILE, NEOPLASMS, Heading, read_headings
from serve.extractor.vocabulary import (
    CELLULAR_PROLIFERATION,
    ONTOLOGY_FILE,
    Disease,
    DiseaseOntology,
)
from training.data.papers import LabelledPaper, Mention, PaperRecord

DISEASE_TYPES = frozenset({"Disease", "SpecificDisease", "DiseaseClass", "Modifier", "CompositeMention"})
"""What the NCBI Disease and BC5CDR corpora call a mention of a disease."""

CANCER_MENTIONS_MIN = 2
CANCER_SHARE_MIN = 0.5


@dataclass(frozen=True, slots=True)
class DiseaseIds:
    """Ids of MeSH and OMIM, told apart: `cancers`, and `others` that have nothing to do with a neoplasm.

    An id in neither is of something between the two, or unknown.
    """

    cancers: frozenset[str]
    others: frozenset[str]

    @classmethod
    def from_vocabularies(cls, ontology: DiseaseOntology, headings: Iterable[Heading]) -> Self:
        """A cancer is what stands only for cancers in the Disease Ontology. `others` are what both vocabularies place
        outside neoplasms: MeSH counts tumour syndromes among them, which the ontology does not.
        """
        neoplastic = {f"MESH:{heading.id}": heading.is_under(NEOPLASMS) for heading in headings}
        neoplastic_headings = {id_ for id_, is_so in neoplastic.items() if is_so}

        def is_neoplastic(disease: Disease) -> bool:
            lineage = ontology.lineage(disease.id)
            return CELLULAR_PROLIFERATION in lineage or any(
                not neoplastic_headings.isdisjoint(ontology[id_].xrefs) for id_ in lineage
            )

        cancers, others = set(), set()
        known = {xref for disease in ontology for xref in disease.xrefs if xref.startswith(("MESH:", "OMIM:"))}
        for id_ in neoplastic.keys() | known:
            diseases = ontology.with_xref(id_)
            if diseases and all(ontology.is_cancer(disease.id) for disease in diseases):
                cancers.add(id_)
            elif id_ not in neoplastic_headings and not any(map(is_neoplastic, diseases)):
                others.add(id_)
        return cls(frozenset(cancers), frozenset(others))

    @classmethod
    def load(cls, vocabularies: Path) -> Self:
        """From the prepared catalogue entry `disease-vocabularies`. Raises `VocabularyError`."""
        ontology = DiseaseOntology.load(vocabularies / ONTOLOGY_FILE)
        return cls.from_vocabularies(ontology, read_headings(vocabularies / MESH_FILE))


def paper_label(paper: PaperRecord, ids: DiseaseIds) -> str | None:
    """The paper's label, one of `LABELS`, by the rule of this module; None for a paper that it sets aside."""
    mentions = [mention for mention in paper.mentions if mention.type in DISEASE_TYPES]
    cancers = [mention for mention in mentions if _names(mention, ids) == "cancer"]
    if mentions and all(_names(mention, ids) == "other" for mention in mentions):
        return "Non-Cancer"
    in_title = any(mention.start < len(paper.title) for mention in cancers)
    share = len(cancers) / len(mentions) if mentions else 0
    if len(cancers) >= CANCER_MENTIONS_MIN and (in_title or share >= CANCER_SHARE_MIN):
        return "Cancer"
    return None


def label_corpus(papers: Iterable[PaperRecord], ids: DiseaseIds) -> tuple[list[LabelledPaper], int]:
    """The papers that the rule labels, in their order, and the number of those that it sets aside."""
    labelled, set_aside = [], 0
    for paper in papers:
        if label := paper_label(paper, ids):
            labelled.append(LabelledPaper(paper.id, paper.title, paper.abstract, label, paper.mentions))
        else:
            set_aside += 1
    return labelled, set_aside


def _names(mention: Mention, ids: DiseaseIds) -> Literal["cancer", "other"] | None:
    """What a mention names; with several ids ("breast and skin disease") one cancer is enough to name a cancer."""
    concepts = {id_ if ":" in id_ else f"MESH:{id_}" for id_ in mention.concept_ids}
    if concepts & ids.cancers:
        return "cancer"
    return "other" if concepts and concepts <= ids.others else None
