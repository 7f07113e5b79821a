"""A summary is what the authors conclude, in their own sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.text.summary import summary_of


@pytest.mark.parametrize(
    ("abstract", "summary"),
    [
        (
            "BACKGROUND: It is common. RESULTS: Many were cured. CONCLUSIONS: The drug helps them. More is to be seen. "
            "Others should look at it too.",
            "The drug helps them. More is to be seen.",
        ),
        (
            "We gave it to 30 people. Our results suggest that the drug helps. Twelve people left the study early.",
            "Our results suggest that the drug helps.",
        ),
        ("Mice were given the drug. Half of the mice recovered.", "Half of the mice recovered."),
        (
            "The drug blocks the channel in mice. This may explain the effect of the drug.",
            "The drug blocks the channel in mice. This may explain the effect of the drug.",
        ),
        (
            "In conclusion, it can be treated at home. Trial registration: NCT01234567 at the registry. "
            "Copyright 2020 by the authors of it.",
            "In conclusion, it can be treated at home.",
        ),
        (
            "Overall survival was longer after the drug. One patient fell ill again.",
            "One patient fell ill again.",
        ),
        ("  The only sentence that there is.  ", "The only sentence that there is."),
    ],
)
def test_the_conclusion_is_found(abstract: str, summary: str) -> None:
    assert summary_of(abstract) == summary


@pytest.mark.parametrize("abstract", ["", " \n ", "No abstract.", "NCT01234567"])
def test_without_an_abstract_there_is_nothing_to_sum_up(abstract: str) -> None:
    assert summary_of(abstract) is None


@given(st.text(alphabet="AB cd.\nCONCLUSION: this", max_size=120))
def test_every_word_of_a_summary_is_the_authors(abstract: str) -> None:
    summary = summary_of(abstract)

    assert summary is None or summary in " ".join(abstract.split()) or set(summary.split()) <= set(abstract.split())
