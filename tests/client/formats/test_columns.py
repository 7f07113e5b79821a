"""From named columns to a paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve.formats.columns import fields_of, is_readable, paper_from, split_joined
from pubserve.formats.records import Defect, PaperRecord


@pytest.mark.parametrize(
    "columns",
    [
        ("id", "title", "abstract", "label"),
        ("Label", "ABSTRACT", "Title", "PMID"),
        (" article_id ", "Article Title", "AbstractText", "class", "journal"),
    ],
)
def test_columns_are_known_in_any_case_order_and_spelling(columns: tuple[str, ...]) -> None:
    assert fields_of(columns).keys() == {"id", "title", "abstract", "label"}


def test_the_first_of_several_columns_for_one_field_counts() -> None:
    assert fields_of(("pmid", "id", "title"))["id"] == "pmid"


@pytest.mark.parametrize("columns", [(), ("id",), ("id", "label"), ("title", "abstract"), ("journal", "year")])
def test_columns_without_an_id_or_without_text_hold_no_papers(columns: tuple[str, ...]) -> None:
    assert not is_readable(columns)


def test_texts_stay_as_they_are_while_id_and_label_are_trimmed() -> None:
    found = paper_from({"ID": " 7 ", "Title": " On asthma. ", "Abstract": "A\r\nb ", "Label": " non cancer"})

    assert found == PaperRecord("7", " On asthma. ", "A\r\nb ", "Non-Cancer")


def test_numbers_are_ids_and_nulls_are_empty() -> None:
    assert paper_from({"pmid": 12, "title": None, "abstract": "A.", "label": None}) == PaperRecord("12", "", "A.")


def test_a_label_of_another_kind_is_kept_as_it_is_for_those_whom_it_concerns() -> None:
    assert paper_from({"id": "1", "title": "T.", "category": " Review"}) == PaperRecord("1", "T.", "", "Review")


@pytest.mark.parametrize("value", [1.5, ["a"], {"a": 1}])
def test_a_value_that_is_no_text_is_named_by_field(value: object) -> None:
    found = paper_from({"id": "1", "title": value})

    assert isinstance(found, Defect)
    assert "`title` holds a" in found.detail


@pytest.mark.parametrize(
    ("joined", "title", "abstract"),
    [
        ("Asthma in children. We studied 30.", "Asthma in children.", "We studied 30."),
        ("[Is asthma rare? An answer]. We asked.", "[Is asthma rare? An answer].", "We asked."),
        ("[Asthma. A review.] We read.", "[Asthma. A review.]", "We read."),
        ("Effects of E. coli vs. others. AIM: None.", "Effects of E. coli vs. others.", "AIM: None."),
        ("  Title alone", "Title alone", ""),
        ("", "", ""),
    ],
)
def test_one_column_for_both_is_cut_after_the_title(joined: str, title: str, abstract: str) -> None:
    assert split_joined(joined) == (title, abstract)


@given(st.text())
def test_cutting_loses_nothing_but_white_space(joined: str) -> None:
    assert "".join("".join(split_joined(joined)).split()) == "".join(joined.split())
