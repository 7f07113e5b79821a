"""What a text abbreviates is read from the text itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.text.abbreviations import Abbreviation, find_abbreviations


def found(text: str) -> list[tuple[str, str]]:
    return [(abbreviation.short, abbreviation.long) for abbreviation in find_abbreviations(text)]


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("Patients with hairy cell leukaemia (HCL) were seen.", "HCL", "hairy cell leukaemia"),
        ("In HCL (hairy cell leukaemia), BRAF is mutated.", "HCL", "hairy cell leukaemia"),
        ("ataxia-telangiectasia (A-T) is rare", "A-T", "ataxia-telangiectasia"),
        ("Familial adenomatous polyposis [FAP]", "FAP", "Familial adenomatous polyposis"),
        ("chronic obstructive pulmonary disease (COPD; stage II)", "COPD", "chronic obstructive pulmonary disease"),
        ("type 2 diabetes mellitus (T2DM, n = 40)", "T2DM", "type 2 diabetes mellitus"),
        ("neurofibromatosis type 1 (NF1)", "NF1", "neurofibromatosis type 1"),
        ("in myotonic dystrophy (DM) type 1", "DM", "myotonic dystrophy"),
        (
            "mouse experimental autoimmune encephalomyelitis (EAE)",
            "EAE",
            "experimental autoimmune encephalomyelitis",
        ),
        ("squamous cell carcinomas (SCCs)", "SCCs", "squamous cell carcinomas"),
    ],
)
def test_a_definition_is_found(text: str, short: str, long: str) -> None:
    assert found(text) == [(short, long)]


@pytest.mark.parametrize(
    "text",
    [
        "The dose was raised (see Table 2).",
        "Survival was longer (p<0.001) in women (n = 12).",
        "as shown before (Smith et al., 2001)",
        "lung cancer (LC cancer lung)",
        "Patients (42) were seen (95% CI)",
        "There is an open bracket (HCL",
        "(HCL)",
        "",
    ],
)
def test_other_brackets_define_nothing(text: str) -> None:
    assert found(text) == []


def test_a_long_form_does_not_reach_into_the_sentence_before() -> None:
    assert found("We saw hairy. Cell leukaemia (HCL) is rare.") == []


def test_the_first_definition_counts_and_later_ones_of_others_are_kept() -> None:
    text = "heart disease (HD) and Huntington disease (HD), hairy cell leukaemia (HCL)"

    assert found(text) == [("HD", "heart disease"), ("HCL", "hairy cell leukaemia")]


@given(st.text(alphabet="abcAB ([)]-.;1é", max_size=80))
def test_both_forms_stand_in_the_text_and_share_their_letters(text: str) -> None:
    for abbreviation in find_abbreviations(text):
        assert abbreviation == Abbreviation(abbreviation.short, abbreviation.long)
        assert abbreviation.short in text
        assert abbreviation.long in text
        assert len(abbreviation.long) > len(abbreviation.short)
        assert {letter for letter in abbreviation.short.lower() if letter.isalnum()} <= set(abbreviation.long.lower())
