"""Spellings of one word fold alike; different words do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.text.folding import fold, fold_word, is_abbreviation, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tumours", "tumor"),
        ("leukaemia", "Leukemias"),
        ("oesophageal", "esophageal"),
        ("metastases", "metastasis"),
        ("diseases", "disease"),
        ("syndromes", "Syndrome"),
        ("arteries", "artery"),
        ("viruses", "virus"),
        ("abscesses", "abscess"),
        ("Sjögren", "Sjogren"),
        ("non-Hodgkin’s", "non Hodgkin"),  # noqa: RUF001
        ("Gaucher's disease", "Gaucher disease"),
        ("T-cell  lymphomas", "t cell\nlymphoma"),
    ],
)
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("mass", "mas"), ("virus", "vir"), ("carcinoma", "carcinoid"), ("gas", "ga"), ("type 1", "type 2")],
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text(max_size=40))
def test_words_are_where_they_are_said_to_be_in_order(text: str) -> None:
    last_end = 0
    for word in words(text):
        assert last_end <= word.start < word.end <= len(text)
        assert fold_word(text[word.start : word.end]) == word.folded
        last_end = word.end


@pytest.mark.parametrize(
    ("word", "expected"),
    [("ALL", True), ("NF1", True), ("mTOR", True), ("Lung", False), ("all", False), ("DISEASES", False)],
)
def test_what_is_written_like_an_abbreviation_is_one(word: str, expected: bool) -> None:
    assert is_abbreviation(word) is expected
