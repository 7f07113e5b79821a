"""A quotation is evidence if it stands in the paper, and evidence is what stands there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve.contract import Paper
from serve.agent.evidence import FEWEST_WORDS, find_quote

PAPER = Paper(
    id="1",
    title="Care of <i>lung</i> cancer",
    abstract="We followed\n300 patients (Smith et al., 2001) with lung&nbsp;cancer. It&rsquo;s over.",
)


def test_white_space_and_quotation_marks_do_not_matter() -> None:
    found = find_quote(' "We followed 300   patients" ', PAPER)

    assert found is not None
    assert (found.field, found.start, found.end) == ("abstract", 0, 24)
    assert found.text == "We followed\n300 patients"


def test_a_quotation_of_the_cleaned_paper_is_shown_as_the_paper_came() -> None:
    found = find_quote("Care of lung cancer", PAPER)

    assert found is not None
    assert found.text == PAPER.title


@pytest.mark.parametrize(
    "quote",
    [
        "We followed 301 patients",
        "we followed 300 patients",  # not word for word
        "lung cancer",  # too short to be evidence
        "patients with .* cancer",
        "",
        "Care of lung cancer We followed",  # across fields
    ],
)
def test_what_is_not_there_word_for_word_is_no_evidence(quote: str) -> None:
    assert find_quote(quote, PAPER) is None


@given(st.text(max_size=60), st.text(max_size=200), st.data())
def test_evidence_is_always_what_stands_in_its_place(title: str, abstract: str, data: st.DataObject) -> None:
    paper = Paper(id="1", title=title, abstract=abstract)
    start = data.draw(st.integers(0, len(abstract)))
    found = find_quote(abstract[start : start + 40], paper)

    if found:
        assert (title if found.field == "title" else abstract)[found.start : found.end] == found.text
    elif len(abstract[start : start + 40].split()) >= FEWEST_WORDS:
        assert abstract[start : start + 40].strip(" \t\n\"'\u2018\u2019\u201c\u201d") != abstract[start : start + 40]
