"""Names become mentions: every place, every form, one disease with its ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve.contract import DiseaseIds, Mention
from serve.extractor.grounding import Name
from serve.extractor.mesh import Heading
from serve.extractor.normalisation import Normaliser
from serve.extractor.resolution import display_name, name_key, resolve
from serve.extractor.vocabulary import CANCER, Disease, DiseaseOntology
from serve.text.document import Document

NORMALISER = Normaliser.of(
    DiseaseOntology(
        [
            Disease(CANCER, "cancer"),
            Disease("DOID:1", "lung cancer", parents=(CANCER,)),
            Disease("DOID:2", "hairy cell leukemia", (), ("MESH:D02",), (CANCER,)),
            Disease("DOID:3", "heart disease", ("HCL",)),
        ]
    ),
    [Heading("D02", "Hairy Cell Leukemia", (), ("C04.1",)), Heading("D05", "Kidney Diseases", (), ("C12.1",))],
)
LEARNT = {"nephrotoxicity": "D05", "lung cancers": "D05", "gout": "D99"}
"""The second is known better, and the third names no heading."""


def mentions(*names: str, title: str = "", abstract: str = "") -> list[Mention]:
    return resolve([Name(name, 0.9) for name in names], Document(title, abstract), NORMALISER).mentions


def test_a_known_disease_has_its_own_name_ids_and_kind() -> None:
    [mention] = mentions("hairy-cell leukaemia", abstract="In hairy-cell leukaemia.")

    assert mention.text == "hairy-cell leukaemia"
    assert mention.disease == "Hairy Cell Leukemia"
    assert mention.ids == DiseaseIds(doid="DOID:2", mesh="D02")
    assert mention.is_cancer is True
    assert mention.confidence == 0.9


def test_an_unknown_disease_is_kept_without_ids_under_one_name() -> None:
    found = mentions("martian flu", title="Martian Flu", abstract="MARTIAN  flu")

    assert {(m.disease, m.ids.doid, m.ids.mesh, m.is_cancer) for m in found} == {("Martian Flu", None, None, None)}
    assert len(found) == 2


@pytest.mark.parametrize("name", ["hairy cell leukaemia", "HCL"])
def test_an_abbreviation_and_what_it_stands_for_are_one_disease_whichever_was_named(name: str) -> None:
    found = mentions(name, title="BRAF in HCL", abstract="Hairy cell leukaemia (HCL) is rare.")

    assert [m.text for m in found] == ["HCL", "Hairy cell leukaemia", "HCL"]
    assert {m.disease for m in found} == {"Hairy Cell Leukemia"}


def test_an_abbreviation_explained_in_the_plural_is_known_in_the_singular() -> None:
    found = mentions("hairy cell leukaemias", abstract="Hairy cell leukaemias (HCLs). One HCL was seen.")

    assert [m.text for m in found] == ["Hairy cell leukaemias", "HCLs", "HCL"]
    assert {m.disease for m in found} == {"Hairy Cell Leukemia"}


def test_what_the_paper_says_an_abbreviation_means_counts_before_any_vocabulary() -> None:
    [_, short] = mentions("HCL", abstract="Hairy cell leprosy (HCL).")
    [unexplained] = mentions("HCL", abstract="Patients with HCL.")

    assert short.disease == "Hairy Cell Leprosy"
    assert unexplained.disease == "Heart Disease"


def test_an_abbreviation_inside_a_name_is_spelt_out() -> None:
    found = mentions("aggressive HCL", abstract="Hairy cell leukaemia (HCL). Aggressive HCL was seen.")

    assert {m.disease for m in found} == {"Hairy Cell Leukemia"}


def test_a_mention_that_is_denied_is_marked_and_the_others_are_not() -> None:
    found = mentions("lung cancer", title="Lung cancer", abstract="There was no evidence of lung cancer.")

    assert [m.negated for m in found] == [False, True]


def test_what_a_list_of_diseases_is_denied_by_denies_all_of_it() -> None:
    found = mentions("gout", "lung cancer", abstract="Patients with gout or lung cancer were excluded. Gout was rare.")

    assert [(m.text, m.negated) for m in found] == [("gout", True), ("lung cancer", True), ("Gout", False)]


def test_what_was_learnt_of_a_name_counts_where_no_vocabulary_has_it_as_it_is() -> None:
    learnt = {name_key(name): heading for name, heading in LEARNT.items()}
    document = Document("", "Nephrotoxicity in lung cancer with gout.")
    names = [Name(name, 0.9) for name in ("nephrotoxicity", "lung cancer", "gout")]

    found = resolve(names, document, NORMALISER, learnt).mentions

    assert [(m.disease, m.ids) for m in found] == [
        ("Kidney Diseases", DiseaseIds(mesh="D05")),
        ("Lung Cancer", DiseaseIds(doid="DOID:1")),
        ("Gout", DiseaseIds()),
    ]


def test_names_that_are_not_in_the_text_are_counted() -> None:
    assert resolve([Name("gout", 0.5)], Document("", "None."), NORMALISER).ungrounded == 1


@given(st.lists(st.text(alphabet="aAB (H-", max_size=9), max_size=5), st.text(alphabet="aAB (H)-.\n", max_size=60))
def test_every_mention_is_in_the_text_and_none_overlaps_another(names: list[str], abstract: str) -> None:
    last_end = 0
    for mention in mentions(*names, abstract=abstract):
        assert abstract[mention.start : mention.end] == mention.text != ""
        assert mention.start >= last_end
        last_end = mention.end


def test_names_are_shown_in_capitals_and_keep_their_own() -> None:
    assert display_name("lung cancer") == "Lung Cancer"
    assert display_name("disease of the liver") == "Disease of the Liver"
    assert display_name("NF1") == "NF1"
