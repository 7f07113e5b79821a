"""A disease is negated where the text says that it is not there, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.negation import is_negated


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


@given(st.text(max_size=60), st.text(min_size=1, max_size=10), st.text(max_size=60))
def test_any_text_is_decided(before: str, disease: str, after: str) -> None:
    assert is_negated(before + disease + after, len(before), len(before) + len(disease)) in (True, False)
