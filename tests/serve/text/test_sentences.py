"""Units are whole sentences where they can be, short enough always, and lose nothing but white space."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.text.sentences import sentences, units

prose = st.text(alphabet=st.sampled_from("abAB1 .?!\n)(\"'éß\u0301😀"), max_size=200)


def parts(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(prose, st.integers(min_value=1, max_value=50))
def test_units_lose_only_white_space(text: str, max_chars: int) -> None:
    spans = list(units(text, max_chars=max_chars))

    assert all(0 < end - start <= max_chars for start, end in spans)
    assert all(end <= next_start for (_, end), (next_start, _) in itertools.pairwise(spans))
    kept = "".join(text[start:end] for start, end in spans)
    assert re.sub(r"\s", "", kept) == re.sub(r"\s", "", text)


@given(prose)
def test_sentences_are_trimmed_and_in_order(text: str) -> None:
    spans = list(sentences(text))

    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert spans == sorted(spans)


@pytest.mark.parametrize(
    "text",
    [
        "Growth was seen (Fig. 2) in mice.",
        "Drug A vs. Drug B in adults.",
        "Infection with S. Typhi was common.",
        "The risk was 1.5 times higher.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(text: str) -> None:
    assert parts(text) == [text]


def test_sentences_end_at_stops_questions_and_line_breaks() -> None:
    assert parts("One. Two? (Three!) Four\nfive") == ["One.", "Two?", "(Three!)", "Four", "five"]


def test_short_sentences_share_a_unit() -> None:
    text = "One two. Three four. Five six."

    assert [text[s:e] for s, e in units(text, max_chars=20)] == ["One two. Three four.", "Five six."]
