"""Papers close to the border between the labels."""

import pytest

from training.slices import SLICES, near_miss_slices


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Resection of a uterine leiomyoma", ["benign tumours"]),
        ("Attendance at mammography", ["screening and prevention"]),
        ("Optic pathways in neurofibromatosis type 1", ["tumour syndromes"]),
        ("Tryptase in systemic mastocytosis", ["mastocytosis and histiocytosis"]),
        ("Low-dose methotrexate in rheumatoid arthritis", ["cancer drugs used elsewhere"]),
        ("Surveillance of Barrett's oesophagus with dysplasia", ["precancer and dysplasia"]),
        ("Chronic hepatitis B in pregnancy", ["oncogenic infections"]),
        ("p53 and tumor necrosis factor-alpha in neurons", ["oncogenes in basic biology"]),
        ("HPV vaccination", ["screening and prevention", "oncogenic infections"]),
        ("Inhaled steroids in asthma", []),
        ("A resource for the sixth form", []),
    ],
)
def test_a_paper_belongs_to_the_slices_whose_words_it_uses(text: str, expected: list[str]) -> None:
    assert near_miss_slices(text) == expected


def test_case_plays_no_role() -> None:
    assert near_miss_slices("TUBEROUS SCLEROSIS") == near_miss_slices("tuberous sclerosis") == ["tumour syndromes"]
    assert "tumour syndromes" in SLICES
