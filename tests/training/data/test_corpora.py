"""Labels for papers whose diseases are annotated, and which ids stand for cancers."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.mesh import Heading
from serve.extractor.vocabulary import CANCER, CELLULAR_PROLIFERATION, Disease, DiseaseOntology
from training.data import LABELS, Mention, PaperRecord
from training.data.corpora import DiseaseIds, label_corpus, paper_label

IDS = DiseaseIds(cancers=frozenset({"MESH:D1", "OMIM:1"}), others=frozenset({"MESH:D2", "MESH:D3", "OMIM:2"}))

CONCEPTS = {"carcinoma": ("D1",), "asthma": ("D2",), "gout": ("OMIM:2",), "lipoma": ("D8",), "ague": ()}
"""A cancer, two that have nothing to do with one, and two that nobody can tell."""


def paper(
    title: str, abstract: str = "", *, type_: str = "Disease", concepts: Mapping[str, tuple[str, ...]] = CONCEPTS
) -> PaperRecord:
    """A paper in which every word that is a key of `concepts` is annotated with its ids."""
    whole = f"{title} {abstract}"
    found = re.finditer("|".join(concepts), whole)
    mentions = [Mention(m.start(), m.end(), m[0], type_, concepts[m[0]]) for m in found]
    return PaperRecord("1", title, abstract, mentions=tuple(mentions))


def test_a_cancer_in_the_title_that_is_named_again_makes_the_paper_cancer() -> None:
    assert paper_label(paper("A trial in carcinoma", "carcinoma asthma asthma asthma gout"), IDS) == "Cancer"


def test_half_of_the_diseases_being_cancers_makes_the_paper_cancer() -> None:
    assert paper_label(paper("A gene", "carcinoma asthma carcinoma gout"), IDS) == "Cancer"
    assert paper_label(paper("A gene", "carcinoma asthma carcinoma gout asthma"), IDS) is None


def test_a_cancer_that_is_named_once_is_not_enough() -> None:
    assert paper_label(paper("Deleted in carcinoma", ""), IDS) is None
    assert paper_label(paper("Deleted in carcinoma", "asthma"), IDS) is None


def test_diseases_none_of_which_has_to_do_with_a_cancer_make_the_paper_non_cancer() -> None:
    assert paper_label(paper("asthma", "gout and asthma"), IDS) == "Non-Cancer"
    assert paper_label(paper("Steroids", "asthma"), IDS) == "Non-Cancer"


@pytest.mark.parametrize("doubtful", ["carcinoma", "lipoma", "ague"])
def test_one_disease_that_is_or_may_be_a_neoplasm_sets_a_paper_aside(doubtful: str) -> None:
    assert paper_label(paper("asthma", f"gout asthma asthma {doubtful}"), IDS) is None


def test_a_paper_without_a_disease_is_set_aside() -> None:
    assert paper_label(paper("Nothing", "at all"), IDS) is None


def test_mentions_of_anything_else_than_diseases_do_not_count() -> None:
    assert paper_label(paper("carcinoma", "carcinoma", type_="Chemical"), IDS) is None
    both = paper("carcinoma", "carcinoma", type_="Chemical").mentions + paper("asthma").mentions
    assert paper_label(PaperRecord("1", "x", "", mentions=both), IDS) == "Non-Cancer"


@pytest.mark.parametrize("type_", ["SpecificDisease", "DiseaseClass", "Modifier", "CompositeMention"])
def test_every_kind_of_disease_mention_counts(type_: str) -> None:
    assert paper_label(paper("carcinoma", "carcinoma", type_=type_), IDS) == "Cancer"


@pytest.mark.parametrize(
    ("concept_ids", "label"),
    [
        (("D1", "D2"), "Cancer"),
        (("D1", "D8"), "Cancer"),
        (("MESH:D1",), "Cancer"),
        (("OMIM:1",), "Cancer"),
        (("D2", "OMIM:2"), "Non-Cancer"),
        (("D2", "D8"), None),
    ],
)
def test_a_mention_with_several_ids_names_a_cancer_if_one_is_and_nothing_of_the_kind_if_none_may_be(
    concept_ids: tuple[str, ...], label: str | None
) -> None:
    assert paper_label(paper("joined", "joined", concepts={"joined": concept_ids}), IDS) == label


@given(
    st.lists(st.sampled_from(sorted(CONCEPTS)), max_size=8).flatmap(lambda w: st.tuples(st.just(w), st.permutations(w)))
)
def test_the_order_within_an_abstract_does_not_matter(orders: tuple[list[str], list[str]]) -> None:
    one, other = (paper_label(paper("A title", " ".join(words)), IDS) for words in orders)

    assert one == other


@given(st.lists(st.sampled_from(sorted(CONCEPTS)), max_size=8))
def test_one_more_cancer_never_makes_a_paper_less_cancer(words: list[str]) -> None:
    before = paper_label(paper("A title", " ".join(words)), IDS)
    after = paper_label(paper("A title", " ".join([*words, "carcinoma"])), IDS)

    assert after == "Cancer" if before == "Cancer" else after != "Non-Cancer"


def test_a_corpus_comes_back_labelled_and_what_is_set_aside_is_counted() -> None:
    papers = [paper("carcinoma", "carcinoma"), paper("lipoma"), paper("asthma"), paper("Nothing")]

    labelled, set_aside = label_corpus(papers, IDS)

    assert [p.label for p in labelled] == list(LABELS)
    assert [(p.title, p.mentions) for p in labelled] == [(papers[n].title, papers[n].mentions) for n in (0, 2)]
    assert set_aside == 2


ONTOLOGY = DiseaseOntology(
    [
        Disease("DOID:4", "disease", xrefs=("MESH:D004",)),
        Disease(CELLULAR_PROLIFERATION, "disease of cellular proliferation", parents=("DOID:4",)),
        Disease(CANCER, "cancer", parents=(CELLULAR_PROLIFERATION,)),
        Disease("DOID:10", "toe cancer", xrefs=("MESH:D010", "OMIM:10", "NCI:C10"), parents=(CANCER,)),
        Disease("DOID:11", "benign toe tumour", xrefs=("MESH:D011", "MESH:D012"), parents=(CELLULAR_PROLIFERATION,)),
        Disease("DOID:12", "other toe cancer", xrefs=("MESH:D012",), parents=(CANCER,)),
        Disease("DOID:20", "toe syndrome", xrefs=("MESH:D020",), parents=("DOID:4",)),
        Disease("DOID:21", "toe syndrome 1", xrefs=("OMIM:21",), parents=("DOID:20",)),
        Disease("DOID:30", "sore toe", xrefs=("MESH:D030", "OMIM:30"), parents=("DOID:4",)),
    ]
)
HEADINGS = [
    Heading(id_, f"heading {id_}", (), places)
    for id_, places in {
        "D010": ("C04.1", "C05.1"),
        "D011": ("C04.2",),
        "D020": ("C16.1", "C04.700.1"),
        "D030": ("C05.2",),
        "D040": ("C23.1",),
        "D041": ("C04.3",),
    }.items()
]


def told_apart(id_: str) -> str | None:
    ids = DiseaseIds.from_vocabularies(ONTOLOGY, HEADINGS)
    assert not ids.cancers & ids.others
    return "cancer" if id_ in ids.cancers else "other" if id_ in ids.others else None


@pytest.mark.parametrize(
    ("id_", "kind", "why"),
    [
        ("MESH:D010", "cancer", "a kind of cancer in the ontology"),
        ("OMIM:10", "cancer", "the same by another vocabulary's id"),
        ("MESH:D011", None, "benign"),
        ("MESH:D012", None, "stands for a cancer and for a benign tumour"),
        ("MESH:D020", None, "MeSH counts the syndrome among neoplasms, the ontology does not"),
        ("OMIM:21", None, "a kind of such a syndrome"),
        ("MESH:D030", "other", "outside neoplasms in both"),
        ("OMIM:30", "other", "outside neoplasms in both, by another vocabulary's id"),
        ("MESH:D004", "other", "as wide as can be, and no neoplasm"),
        ("MESH:D040", "other", "unknown to the ontology, outside neoplasms in MeSH"),
        ("MESH:D041", None, "unknown to the ontology, a neoplasm in MeSH"),
        ("MESH:D099", None, "unknown to both"),
        ("NCI:C10", None, "of a vocabulary that no corpus uses"),
    ],
)
def test_ids_are_told_apart_by_both_vocabularies(id_: str, kind: str | None, why: str) -> None:
    assert told_apart(id_) == kind, why


def test_the_prepared_vocabularies_are_read_from_their_directory(tmp_path: Path) -> None:
    records = [{"id": CANCER, "name": "cancer", "xrefs": [{"namespace": "MESH", "id": "D010"}]}]
    (tmp_path / "doid.json").write_text(json.dumps(records))
    (tmp_path / "mesh_id_label_mappings.tsv").write_text("D010\tToes\tToe\tC04.1|C05.1\t\nD030\tSore\t\tC05.2\t\n")

    assert DiseaseIds.load(tmp_path) == DiseaseIds(frozenset({"MESH:D010"}), frozenset({"MESH:D030"}))
