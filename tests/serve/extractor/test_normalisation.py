"""Names lead to concepts by what they say, less certainly the more they have to be changed."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.mesh import Heading
from serve.extractor.normalisation import EXACT, REFERRED, REPHRASED, SAME_ESSENCE, Normaliser
from serve.extractor.vocabulary import CANCER, CELLULAR_PROLIFERATION, Disease, DiseaseOntology

ONTOLOGY = DiseaseOntology(
    [
        Disease("DOID:4", "disease"),
        Disease(CELLULAR_PROLIFERATION, "disease of cellular proliferation", ("tumor",), parents=("DOID:4",)),
        Disease(CANCER, "cancer", parents=(CELLULAR_PROLIFERATION,)),
        Disease("DOID:1", "lung cancer", ("pulmonary cancer",), parents=(CANCER,)),
        Disease("DOID:2", "breast cancer", ("mammary cancer",), ("MESH:D02",), (CANCER,)),
        Disease("DOID:3", "breast carcinoma", (), (), ("DOID:2",)),
        Disease("DOID:5", "hairy cell leukemia", parents=(CANCER,)),
        Disease("DOID:6", "type 2 diabetes mellitus", ("type II diabetes",), parents=("DOID:4",)),
        Disease("DOID:7", "visual epilepsy", (), ("MESH:D07",), ("DOID:4",)),
        Disease("DOID:9", "hairy cell syndrome", parents=("DOID:4",)),
        Disease("DOID:8", "breast adenoma", parents=(CELLULAR_PROLIFERATION,)),
        Disease("DOID:10", "disease of the vessels", ("stroke",), ("MESH:D99",), ("DOID:4",)),
        Disease("DOID:11", "diarrhea", (), ("MESH:D98",), ("DOID:4",)),
        Disease("DOID:12", "trichohepatoenteric syndrome", ("THES",), (), ("DOID:4",)),
        Disease("DOID:13", "kidney disease", (), (), ("DOID:4",)),
        Disease("DOID:14", "hypotension", (), (), ("DOID:4",)),
        Disease("DOID:15", "amyloidosis of the kidney", (), (), ("DOID:13",)),
        Disease("DOID:16", "epididymitis", (), (), ("DOID:4",)),
    ]
)
REFERRING = [
    Disease("MONDO:1", "malignant lung", ("MLU", "lung cancer"), ("MESH:D01", "DOID:1")),
    Disease("MONDO:2", "low pressure", (), ("DOID:14",)),
    Disease("HP:1", "vomiting", ("emesis",), ("MSH:D09",)),
    Disease("HP:2", "tall stature"),
]
HEADINGS = [
    Heading("D01", "Lung Neoplasms", ("Lung Cancer", "Pulmonary Neoplasms"), ("C04.1",)),
    Heading("D02", "Breast Neoplasms", ("Breast Cancer",), ("C04.2",)),
    Heading("D07", "Seizures", ("Fits",), ("C10.1",)),
    Heading("D09", "Nausea", (), ("C23.1",)),
    Heading("D12", "Tumors", ("Swellings",), ("C04",)),
    Heading("D10", "Stroke", (), ("C10.2",)),
    Heading("D11", "Diarrhea", (), ("C23.2",)),
    Heading("D13", "Kidney Diseases", (), ("C12.1",)),
    Heading("C01", "Familial Lung Cancer", (), ("C04.1",), kept_under=("D01",)),
]


@pytest.fixture(scope="module")
def normaliser() -> Normaliser:
    return Normaliser.of(ONTOLOGY, HEADINGS, REFERRING)


@pytest.mark.parametrize(
    ("name", "doid", "mesh"),
    [
        ("lung cancer", "DOID:1", "D01"),
        ("Pulmonary cancers", "DOID:1", "D01"),
        ("hairy-cell leukaemia", "DOID:5", None),
        ("pulmonary neoplasms", "DOID:1", "D01"),
        ("Nausea", None, "D09"),
        ("type II diabetes", "DOID:6", None),
    ],
)
def test_a_name_of_a_vocabulary_is_found_however_it_is_spelt(
    normaliser: Normaliser, name: str, doid: str | None, mesh: str | None
) -> None:
    concept = normaliser.normalise(name)

    assert concept
    assert (concept.doid, concept.mesh, concept.score) == (doid, mesh, EXACT)


@pytest.mark.parametrize(
    ("name", "doid"),
    [
        ("hairy cell", "DOID:9"),
        ("cancer of the lung", "DOID:1"),
        ("mammary tumours", "DOID:2"),
        ("type ii diabetes mellitus", "DOID:6"),
    ],
)
def test_another_way_to_say_it_is_found_with_a_lower_score(normaliser: Normaliser, name: str, doid: str) -> None:
    concept = normaliser.normalise(name)

    assert concept
    assert (concept.doid, concept.score) == (doid, REPHRASED)


@pytest.mark.parametrize(
    ("name", "doid", "mesh"),
    [
        ("malignant lungs", "DOID:1", "D01"),
        ("MLU", "DOID:1", "D01"),
        ("low pressure", "DOID:14", None),
        ("emesis", None, "D09"),
    ],
)
def test_a_name_of_another_ontology_leads_to_what_it_refers_to(
    normaliser: Normaliser, name: str, doid: str | None, mesh: str | None
) -> None:
    concept = normaliser.normalise(name)

    assert concept
    assert (concept.doid, concept.mesh, concept.score) == (doid, mesh, REFERRED)
    assert normaliser.normalise("tall stature") is None
    assert normaliser.normalise("mlu") is None


@pytest.mark.parametrize(
    ("name", "doid"),
    [
        ("hypotensive", "DOID:14"),
        ("renal amyloidosis", "DOID:15"),
        ("renal toxicity", "DOID:13"),
        ("kidney of hair", None),
    ],
)
def test_other_forms_of_the_words_in_any_order_are_found_less_surely(
    normaliser: Normaliser, name: str, doid: str | None
) -> None:
    concept = normaliser.normalise(name)

    assert (concept and (concept.doid, concept.score)) == (doid and (doid, SAME_ESSENCE))


def test_an_organ_is_no_disease_of_it(normaliser: Normaliser) -> None:
    assert normaliser.normalise("epididymis") is None
    assert normaliser.normalise("cyst of epididymis") is None


def test_a_disease_that_is_no_heading_has_the_nearest_wider_one(normaliser: Normaliser) -> None:
    amyloidosis = normaliser.normalise("amyloidosis of the kidney")

    assert amyloidosis
    assert (amyloidosis.doid, amyloidosis.mesh) == ("DOID:15", "D13")


def test_a_supplementary_record_is_a_cancer_if_what_it_is_kept_under_is(normaliser: Normaliser) -> None:
    familial = normaliser.normalise("familial lung cancer")

    assert familial
    assert (familial.doid, familial.mesh, familial.is_cancer) == (None, "C01", True)


def test_supplementary_records_are_looked_up_but_not_looked_for(normaliser: Normaliser) -> None:
    text = "familial lung cancer"

    assert [text[start:end] for start, end in normaliser.names_in(text)] == ["lung cancer"]


def test_a_heading_is_found_by_its_id(normaliser: Normaliser) -> None:
    lung = normaliser.heading("D01")

    assert lung
    assert (lung.name, lung.doid) == ("lung cancer", "DOID:1")
    assert normaliser.heading("D99") is None


def test_what_ends_in_no_cancer_may_begin_with_one(normaliser: Normaliser) -> None:
    concept = normaliser.normalise("cancer of the breast and kidney disease")

    assert concept
    assert (concept.doid, concept.mesh, concept.is_cancer) == (None, None, None)


def test_a_kind_of_a_known_disease_is_that_disease_the_less_surely_the_more_is_left_out(
    normaliser: Normaliser,
) -> None:
    hereditary, early = (
        normaliser.normalise("hereditary breast cancer"),
        normaliser.normalise("early HER2 breast cancer"),
    )

    assert hereditary
    assert early
    assert hereditary.doid == early.doid == "DOID:2"
    assert REPHRASED > hereditary.score > early.score > 0


def test_a_name_of_which_little_is_known_has_no_ids_but_may_be_a_cancer(normaliser: Normaliser) -> None:
    concept = normaliser.normalise("locally advanced unresectable breast cancer")

    assert concept
    assert (concept.doid, concept.mesh, concept.is_cancer) == (None, None, True)
    assert concept.name == "locally advanced unresectable breast cancer"


def test_an_abbreviation_is_no_word_that_it_folds_to(normaliser: Normaliser) -> None:
    text = "The THES of the lung cancer"

    found = [text[start:end] for start, end in normaliser.names_in(text)]

    assert found == ["THES", "lung cancer"]
    assert normaliser.normalise("the") is None
    assert getattr(normaliser.normalise("THES"), "doid", None) == "DOID:12"


def test_two_diseases_in_one_name_are_neither_but_may_both_be_cancers(normaliser: Normaliser) -> None:
    concept = normaliser.normalise("Breast and  lung cancer")

    assert concept
    assert (concept.name, concept.doid, concept.mesh, concept.is_cancer) == ("breast and lung cancer", None, None, True)


@pytest.mark.parametrize("name", ["foo", "", "benign breast tumour", "xx disease", "disease x", "non lung cancer"])
def test_what_no_vocabulary_knows_stays_unknown(normaliser: Normaliser, name: str) -> None:
    assert normaliser.normalise(name) is None


@pytest.mark.parametrize(
    ("name", "is_cancer"),
    [
        ("breast carcinoma", True),
        ("breast adenoma", False),
        ("tumour", None),
        ("nausea", False),
        ("diabetes type 2", False),
        ("gout", None),
    ],
)
def test_cancer_is_what_the_ontology_counts_as_cancer(
    normaliser: Normaliser, name: str, is_cancer: bool | None
) -> None:
    concept = normaliser.normalise(name)

    assert (concept.is_cancer if concept else None) is is_cancer


def test_a_term_that_refers_to_a_wider_heading_does_not_lend_it_its_name(normaliser: Normaliser) -> None:
    fits = normaliser.normalise("fits")

    assert fits
    assert (fits.name, fits.doid, fits.mesh) == ("Seizures", None, "D07")


def test_a_headings_own_name_counts_before_a_synonym_of_the_ontology(normaliser: Normaliser) -> None:
    stroke = normaliser.normalise("stroke")

    assert stroke
    assert (stroke.name, stroke.doid, stroke.mesh) == ("Stroke", None, "D10")


@pytest.mark.parametrize("name", ["tumour", "tumors", "swelling"])
def test_a_tumour_may_be_benign_or_not(normaliser: Normaliser, name: str) -> None:
    tumour = normaliser.normalise(name)

    assert tumour
    assert (tumour.name, tumour.doid, tumour.mesh) == ("neoplasm", CELLULAR_PROLIFERATION, "D12")
    assert tumour.is_cancer is None


def test_the_heading_of_the_same_name_counts_before_what_the_ontology_refers_to(normaliser: Normaliser) -> None:
    diarrhoea = normaliser.normalise("diarrhoea")

    assert diarrhoea
    assert (diarrhoea.doid, diarrhoea.mesh) == ("DOID:11", "D11")


def test_carcinomas_have_the_heading_of_the_cancer(normaliser: Normaliser) -> None:
    carcinoma = normaliser.normalise("breast carcinoma")

    assert carcinoma
    assert (carcinoma.doid, carcinoma.mesh) == ("DOID:3", "D02")


@given(st.text(max_size=40))
def test_any_text_can_be_asked(normaliser: Normaliser, name: str) -> None:
    concept = normaliser.normalise(name)

    assert concept is None or 0 < concept.score <= 1


def test_the_prepared_vocabularies_are_read_from_their_directory(tmp_path: Path) -> None:
    records = [{"id": CANCER, "name": "cancer", "xrefs": [{"namespace": "MESH", "id": "D009369"}]}]
    (tmp_path / "doid.json").write_text(json.dumps(records))
    (tmp_path / "mesh_id_label_mappings.tsv").write_text("D009369\tNeoplasms\tTumors|Cancers\tC04\t\n")
    (tmp_path / "mesh_supp_id_label_mappings.tsv").write_text("C1\tRare Lump\t\tD009369\nC2\tSalt\t\tD000001\n")
    (tmp_path / "mondo.json").write_text(json.dumps([{**records[0], "id": "1", "name": "growth, malignant"}]))
    (tmp_path / "hp.json").write_text("[]")

    normaliser = Normaliser.load(tmp_path)
    found = [normaliser.normalise(name) for name in ("Cancers", "malignant growth", "rare lumps", "salt")]

    assert [concept and (concept.doid, concept.mesh, concept.is_cancer) for concept in found] == [
        (CANCER, "D009369", True),
        (CANCER, "D009369", True),
        (None, "C1", True),
        None,
    ]
