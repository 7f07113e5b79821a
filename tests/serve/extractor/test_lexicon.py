"""Names of a list are found where they stand, the longest first, and never across a break."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.lexicon import find_names

LISTED = {"lung", "lung cancer", "cancer of the lung", "heart failur"}
"""As folded words are written."""


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in find_names(text, lambda folded, _: folded in LISTED)]


def test_the_longest_name_at_a_place_counts() -> None:
    assert found("Lung cancer is cancer of the lung.") == ["Lung cancer", "cancer of the lung"]


@pytest.mark.parametrize("text", ["Of the heart. Failure came", "a heart (failure", "heart\nfailure", "heart; failure"])
def test_no_name_reaches_across_a_break(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("text", ["heart failure", "heart-failure", "Heart  Failures"])
def test_hyphens_spaces_and_plurals_do_not_matter(text: str) -> None:
    assert found(text) == [text]


@given(st.text(alphabet="lung cancer.(heart failure", max_size=60))
def test_spans_are_in_order_and_apart(text: str) -> None:
    spans = list(find_names(text, lambda folded, _: folded in LISTED))

    assert all(start < end for start, end in spans)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
