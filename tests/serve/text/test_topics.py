"""Topics are read from how authors say what kind of study it is, and on whom."""

import pytest

from serve.text.topics import area_topics, topics_of


@pytest.mark.parametrize(
    ("text", "study_type"),
    [
        ("A systematic review and meta-analysis of 12 trials.", "meta-analysis"),
        ("We systematically reviewed the literature.", "systematic review"),
        ("A randomized, double-blind, placebo-controlled trial.", "randomised controlled trial"),
        ("Patients were randomly assigned to one of two groups.", "randomised controlled trial"),
        ("We randomised 300 patients to one of two drugs.", "randomised controlled trial"),
        ("In this phase II trial of a new drug.", "clinical trial"),
        ("We conducted a retrospective cohort study.", "cohort study"),
        ("A case-control study in two hospitals.", "case-control study"),
        ("A cross-sectional survey of nurses.", "cross-sectional study"),
        ("We report a case of a 45-year-old woman.", "case report"),
        ("The sensitivity and specificity of the test were measured.", "diagnostic accuracy study"),
        ("Semi-structured focus groups were held.", "qualitative study"),
        ("This consensus statement was agreed by experts.", "guideline"),
        ("In this review, we discuss what is known.", "review"),
        ("Mice lacking the gene were infected. The mice died.", "animal study"),
        ("The cell lines were treated in vitro.", "laboratory study"),
    ],
)
def test_a_study_is_what_it_says_it_is(text: str, study_type: str) -> None:
    assert f"study type: {study_type}" in topics_of("", text)


def test_what_says_more_comes_first_and_no_more_than_two_are_named() -> None:
    text = "A systematic review and meta-analysis of randomised trials and cohort studies."

    assert topics_of(text, "") == ["study type: meta-analysis", "study type: systematic review"]


def test_a_population_is_named_in_the_title_or_more_than_once() -> None:
    assert topics_of("Asthma in children", "") == ["population: children"]
    assert topics_of("Asthma", "Some were children.") == []
    assert topics_of("Asthma", "Elderly people were asked. The elderly answered.") == ["population: older people"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The enzyme was purified.",
        "Women",
        "The management of menopause",
        "Child-Pugh grade and Child-Pugh class",
        "Cross-sectional imaging",
        "Mice in passing",
    ],
)
def test_what_is_not_said_is_no_topic(text: str) -> None:
    assert topics_of("", text) == []


def test_areas_are_topics() -> None:
    assert area_topics(["cancer", "respiratory system disease"]) == [
        "disease area: cancer",
        "disease area: respiratory system disease",
    ]
