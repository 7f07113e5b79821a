"""A disease is negated where the text says that it is not there, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.negation import is_negated, negations


def negated(text: str) -> bool:
    """The disease is what stands between asterisks."""
    before, disease, after = text.split("*")
    return is_negated(before + disease + after, len(before), len(before) + len(disease))


@pytest.mark.parametrize(
    "text",
    [
        "There was no evidence of *metastasis*.",
        "No *metastases* were found.",
        "Children without *asthma* served as controls.",
        "She had no fever, cough or *pneumonia*.",
        "Neither relapse nor *sepsis* occurred.",
        "Biopsies were negative for *carcinoma*.",
        "All were free of *cancer* at five years.",
        "He denied *chest pain*.",
        "The patient did not have *diabetes*.",
        "The absence of *lymphoma* was confirmed.",
        "*Tuberculosis* was ruled out.",
        "*Pulmonary embolism* (PE) was excluded by CT.",
        "*Metastases* were not detected.",
        "We excluded *celiac disease*.",
    ],
)
def test_an_absent_disease_is_negated(text: str) -> None:
    assert negated(text)


@pytest.mark.parametrize(
    "text",
    [
        "Patients with *asthma* were seen.",
        "There was no association with *breast cancer*.",
        "Aspirin had no effect on *colorectal cancer*.",
        "There is no cure for *cystic fibrosis*.",
        "It occurs not only in *melanoma*.",
        "No fever was seen, but *pneumonia* was.",
        "No deaths occurred. *Sepsis* was common.",
        "*Sepsis* could not be excluded.",
        "Survival without treatment in *lymphoma* is short.",
        "Mutations are not limited to *glioma*.",
        "The nodule (*lung cancer*) grew.",
        "*Cancer* was not associated with age.",
    ],
)
def test_other_negations_leave_the_disease_alone(text: str) -> None:
    assert not negated(text)


def denied(text: str) -> list[bool]:
    """The diseases are what stands between asterisks."""
    parts = text.split("*")
    starts = [sum(map(len, parts[:place])) for place in range(1, len(parts), 2)]
    spans = [(start, start + len(part)) for start, part in zip(starts, parts[1::2], strict=True)]
    return negations("".join(parts), spans)


@pytest.mark.parametrize(
    "text",
    [
        "Patients with *asthma* or *heart failure* were excluded.",
        "Patients with *asthma* or with *heart failure* were excluded.",
        "*Asthma* and *heart failure* were excluded.",
        "*Asthma*, *COPD*, and *heart failure* (HF) were ruled out.",
        "*Asthma* (A), pregnancy or a history of *heart failure* were excluded.",
        "Neither *asthma* nor *sepsis* was seen.",
        "*Sepsis* or *shock* was not observed.",
    ],
)
def test_what_is_denied_after_a_list_is_denied_of_all_that_is_in_it(text: str) -> None:
    assert all(denied(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patients had *asthma*, and *heart failure* was excluded.", [False, True]),
        ("Patients had *asthma* and *heart failure* was ruled out.", [False, True]),
        ("*Asthma* was common. *Shock* or *heart failure* were absent.", [False, True, True]),
        ("*Asthma* was common and *heart failure* and *sepsis* were not found.", [False, True, True]),
        ("*Asthma* patients who had *heart failure* were excluded.", [False, True]),
        ("*Asthma*, but not *heart failure*, was common.", [False, True]),
    ],
)
def test_what_is_no_part_of_the_list_is_not_denied_with_it(text: str, expected: list[bool]) -> None:
    assert denied(text) == expected


_JOINS = st.sampled_from([", ", " or ", ", or ", " and ", ", and "])


@given(st.lists(_JOINS, max_size=6))
def test_a_list_of_any_length_is_denied_as_a_whole_by_a_plural(joins: list[str]) -> None:
    listed = "".join(f"*disease{place}*{join}" for place, join in enumerate(joins))

    assert all(denied(f"Patients with {listed}*shock* were excluded."))
    assert not any(denied(f"Patients with {listed}*shock* were included."))


@given(st.text(max_size=60), st.text(min_size=1, max_size=10), st.text(max_size=60))
def test_any_text_is_decided(before: str, disease: str, after: str) -> None:
    assert is_negated(before + disease + after, len(before), len(before) + len(disease)) in (True, False)
