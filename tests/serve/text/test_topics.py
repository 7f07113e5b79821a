"""Topics are read from how authors say what kind of study it is, on whom, what was done and what came of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.text.topics import INTERVENTIONS, OUTCOMES, POPULATIONS, STUDY_TYPES, area_topics, topics_of


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
    ("title", "intervention"),
    [
        ("Metformin and other drugs in type 2 diabetes", "drug treatment"),
        ("Pembrolizumab in melanoma", "drug treatment"),
        ("Laparoscopic cholecystectomy in the elderly", "surgery"),
        ("Radiotherapy of the breast", "radiotherapy"),
        ("Outcomes after kidney transplantation", "transplantation"),
        ("Gene therapy of haemophilia", "cell or gene therapy"),
        ("Measles vaccination in Samoa", "vaccination"),
        ("Exercise after a stroke", "behaviour"),
        ("Rapid tests of malaria", "diagnostic test"),
    ],
)
def test_an_intervention_is_what_a_paper_is_about(title: str, intervention: str) -> None:
    assert f"intervention: {intervention}" in topics_of(title, "")


def test_an_intervention_is_named_more_than_once_or_said_to_have_been_done() -> None:
    assert topics_of("", "Surgery is an option.") == []
    assert topics_of("", "Surgery is an option. Few chose surgery.") == ["intervention: surgery"]
    assert topics_of("", "All underwent surgery.") == ["intervention: surgery"]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Overall survival was 12 months.", "survival"),
        ("Mortality was 3 %.", "survival"),
        ("Two developed recurrences.", "recurrence or progression"),
        ("The objective response rate was 40 %.", "response to treatment"),
        ("There were no serious adverse events.", "adverse events"),
        ("It had a sensitivity of 0.9.", "diagnostic accuracy"),
        ("Quality of life did not change.", "quality of life"),
        ("The prevalence was 2 %.", "incidence or prevalence"),
    ],
)
def test_an_outcome_is_what_the_abstract_says_was_observed(text: str, outcome: str) -> None:
    assert topics_of("", text) == [f"outcome: {outcome}"]
    assert topics_of(text, "") == []


SCHEME = {"study type": STUDY_TYPES, "population": POPULATIONS, "intervention": INTERVENTIONS, "outcome": OUTCOMES}
SAID = st.lists(
    st.sampled_from(["A randomised trial", "women", "surgery", "mice", "survival rates", "were", "treated", ".", "\n"])
).map(" ".join)


@given(st.text() | SAID, st.text() | SAID)
def test_whatever_is_read_topics_keep_to_the_scheme_and_name_each_once(title: str, abstract: str) -> None:
    topics = topics_of(title, abstract)

    assert len(set(topics)) == len(topics)
    for topic in topics:
        kind, _, name = topic.partition(": ")
        assert name in SCHEME[kind]


@given(SAID, SAID)
def test_what_is_added_to_an_abstract_takes_no_population_intervention_or_outcome_away(
    abstract: str, more: str
) -> None:
    def kept(text: str) -> set[str]:
        return {topic for topic in topics_of("", text) if not topic.startswith("study type")}

    assert kept(abstract) <= kept(f"{abstract}\n\n{more}")


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
