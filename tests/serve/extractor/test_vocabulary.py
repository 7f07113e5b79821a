"""The ontology: what a name or an id stands for, and what is a cancer."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.vocabulary import CANCER, Disease, DiseaseOntology, VocabularyError

RECORDS: list[dict[str, Any]] = [
    {"id": "DOID:4", "name": "disease"},
    {"id": "DOID:14566", "name": "disease of cellular proliferation", "relations": {"is_a": ["DOID:4"]}},
    {"id": CANCER, "name": "cancer", "synonyms": ["malignant tumor"], "relations": {"is_a": ["DOID:14566"]}},
    {"id": "DOID:90", "name": "toe disease", "relations": {"is_a": ["DOID:4"]}, "namespace": "doid"},
    {
        "id": "DOID:91",
        "name": "toe cancer",
        "synonyms": ["malignant toe", "Toe  Cancer", "sore toe"],
        "xrefs": [{"id": "D900001", "namespace": "MESH"}, {"id": "900002", "namespace": "OMIM"}],
        "relations": {"is_a": [CANCER, "DOID:90"]},
    },
    {
        "id": "DOID:92",
        "name": "sore toe",
        "xrefs": [{"id": "D900001", "namespace": "MESH"}],
        "relations": {"is_a": ["DOID:90"]},
    },
]


@pytest.fixture
def ontology(tmp_path: Path) -> DiseaseOntology:
    (tmp_path / "doid.json").write_text(json.dumps(RECORDS))
    return DiseaseOntology.load(tmp_path / "doid.json")


def ids(diseases: tuple[Disease, ...]) -> list[str]:
    return [disease.id for disease in diseases]


def test_every_term_is_there_with_what_the_file_says_of_it(ontology: DiseaseOntology) -> None:
    assert len(ontology) == len(list(ontology)) == len(RECORDS)
    assert ontology["DOID:91"] == Disease(
        id="DOID:91",
        name="toe cancer",
        synonyms=("malignant toe", "Toe  Cancer", "sore toe"),
        xrefs=("MESH:D900001", "OMIM:900002"),
        parents=(CANCER, "DOID:90"),
    )


def test_a_term_falls_into_the_broad_groups_it_is_a_kind_of(ontology: DiseaseOntology) -> None:
    assert ontology.areas("DOID:91") == ("cancer", "toe disease")
    assert ontology.areas("DOID:4") == ()


def test_an_id_that_is_not_there_is_a_key_error(ontology: DiseaseOntology) -> None:
    with pytest.raises(KeyError):
        ontology["DOID:1"]


@pytest.mark.parametrize("name", ["toe cancer", "Toe Cancer", " toe\n cancer ", "MALIGNANT TOE"])
def test_a_term_is_found_by_name_and_synonym_whatever_the_case_and_white_space(
    ontology: DiseaseOntology, name: str
) -> None:
    assert ids(ontology.named(name)) == ["DOID:91"]


def test_of_several_terms_called_alike_the_one_with_that_as_its_own_name_comes_first(ontology: DiseaseOntology) -> None:
    assert ids(ontology.named("sore toe")) == ["DOID:92", "DOID:91"]


def test_what_nothing_is_called_is_not_found(ontology: DiseaseOntology) -> None:
    assert ontology.named("toe") == ()
    assert ontology.with_xref("MESH:D900009") == ()
    assert len(ontology) == len(RECORDS)


def test_one_id_of_another_vocabulary_may_stand_for_several_terms(ontology: DiseaseOntology) -> None:
    assert ids(ontology.with_xref("MESH:D900001")) == ["DOID:91", "DOID:92"]
    assert ids(ontology.with_xref("OMIM:900002")) == ["DOID:91"]


def test_a_lineage_goes_up_through_every_parent(ontology: DiseaseOntology) -> None:
    assert ontology.lineage("DOID:91") == {"DOID:91", CANCER, "DOID:90", "DOID:14566", "DOID:4"}
    assert ontology.lineage("DOID:4") == {"DOID:4"}


def test_cancer_and_all_kinds_of_it_are_cancers_and_nothing_else_is(ontology: DiseaseOntology) -> None:
    assert {disease.id for disease in ontology if ontology.is_cancer(disease.id)} == {CANCER, "DOID:91"}


@given(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=10, max_size=10))
def test_a_lineage_holds_the_lineage_of_every_parent_even_in_a_circle(parents: list[list[int]]) -> None:
    ontology = DiseaseOntology(
        Disease(f"DOID:{number}", "x", parents=tuple(f"DOID:{parent}" for parent in of_one))
        for number, of_one in enumerate(parents)
    )

    for disease in ontology:
        assert ontology.lineage(disease.id) == {disease.id}.union(*map(ontology.lineage, disease.parents))


def test_two_terms_with_one_id_are_refused() -> None:
    with pytest.raises(VocabularyError, match="DOID:1 stands for two terms"):
        DiseaseOntology([Disease("DOID:1", "one"), Disease("DOID:1", "another")])


def test_a_parent_that_is_not_there_is_refused() -> None:
    with pytest.raises(VocabularyError, match="DOID:1 is a kind of DOID:2, which is not there"):
        DiseaseOntology([Disease("DOID:1", "one", parents=("DOID:2",))])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "No such file"),
        ("[", "Invalid JSON"),
        ('{"id": "DOID:4"}', "valid array"),
        ('[{"id": "DOID:4"}]', r"0\.name: Field required"),
        ('[{"id": "DOID:4", "name": "x", "synonyms": [4]}]', r"0\.synonyms\.0: Input should be a valid string"),
        ('[{"id": "DOID:4", "name": "x"}, {"id": "DOID:4", "name": "y"}]', "two terms"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_to_do(
    tmp_path: Path, content: str | None, complaint: str
) -> None:
    file = tmp_path / "doid.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(VocabularyError, match=complaint) as caught:
        DiseaseOntology.load(file)

    assert str(file) in str(caught.value)
    assert "pubserve-models prepare --rebuild disease-vocabularies" in str(caught.value)
