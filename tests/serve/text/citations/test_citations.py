"""All citations of a text are found once, and each can be put as the same mark."""

from hypothesis import given
from hypothesis import strategies as st

from serve.text.citations import MARK, Kind, find_citations

fragments = st.sampled_from(
    [
        "cells",
        " ",
        "[1]",
        "[1,2-5]",
        "(1)",
        ".",
        "¹",
        "²⁻⁴",
        "(Hall et al., 2010)",
        "Hall et al. (2010)",
        "[",
        "(",
        "]",
        ")",
        "3",
    ]
)


@given(st.lists(fragments, max_size=15).map("".join))
def test_citations_are_in_order_and_apart(text: str) -> None:
    end = 0
    for citation in find_citations(text):
        assert end <= citation.start < citation.end <= len(text)
        end = citation.end


def test_both_kinds_are_found_in_one_text() -> None:
    text = "Relapse is common [3]. Hall et al. (2010) disagree."

    found = [(text[c.start : c.end], c.reference.kind) for c in find_citations(text)]

    assert found == [("[3]", Kind.NUMERIC), ("Hall et al. (2010)", Kind.AUTHOR_YEAR)]


def test_a_mark_stands_a_space_apart_from_the_word_before() -> None:
    text = "Relapse is common[3], and feared [4]."

    edits = [citation.as_mark(text) for citation in find_citations(text)]

    assert [edit.replacement for edit in edits] == [f" {MARK}", MARK]


def test_a_mark_is_no_citation() -> None:
    assert find_citations(f"Relapse is common {MARK}, {MARK}.") == []
