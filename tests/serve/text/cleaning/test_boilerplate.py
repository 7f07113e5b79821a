"""What publishers add goes; sentences that only look like it stay."""

import pytest

from serve.text.cleaning import Cleaner, Flag


def cleaned(step: str, abstract: str) -> str:
    return Cleaner([step])("", abstract).abstract.text


@pytest.mark.parametrize(
    "tail",
    [
        "© 2019 The Authors. Published by Example Press. All rights reserved.",
        "Copyright © 2020 Example Society.",
        "Copyright 2001 Example Inc.",
        "(c) 2012 Example Periodicals, Inc.",
        "This article is protected by copyright. All rights reserved.",
        "2018 The Authors. Journal of Examples published by Example & Sons.",
        "Published by Elsevier Inc.",
        "© The Author(s) 2020.",
    ],
)
def test_a_copyright_tail_goes(tail: str) -> None:
    assert cleaned("copyright", f"Mice recovered. {tail}") == "Mice recovered."


@pytest.mark.parametrize(
    "text",
    [
        "Arms were (a) early, (b) late, (c) long-term care.",
        "We gave (c) 2000 IU of vitamin D.",
        "Oxygenation S(c)O(2) fell in 2012.",
        "Trials published by April 2023 were assessed.",
        "Criteria published by the World Health Organization in 2016.",
        "Copyright law is changing.",
    ],
)
def test_what_is_no_copyright_tail_stays(text: str) -> None:
    assert cleaned("copyright", text) == text


@pytest.mark.parametrize(
    "tail",
    [
        "Example Cells 2019;37:1505-1515.",
        "J Exam Oncol. 2012;30(4):123-8.",
        "(Example 2014;59:1023-1034)",
        "(Example. 2000; 95  1935-1941).",
        "J. Exam. Physiol. 227: 123-130, 2012.",
    ],
)
def test_the_papers_own_place_goes_from_the_end(tail: str) -> None:
    assert cleaned("own_citation", f"Mice recovered. {tail}") == "Mice recovered."


@pytest.mark.parametrize(
    "text",
    [
        "Mice recovered in 2019.",
        "Example Cells 2019;37:1505-1515. Mice recovered.",
        "Odds were 2.1 (1.2-3.4).",
        "Patients were seen in Lyon 2010-2015.",
    ],
)
def test_other_endings_stay(text: str) -> None:
    assert cleaned("own_citation", text) == text


def test_pointers_and_left_out_formulas_go() -> None:
    raw = "Values above [Formula: see text] were kept.See related commentary by Hall et al., p. 12."

    assert cleaned("editorial_notes", raw) == "Values above were kept."


def test_the_note_of_a_cut_goes_and_is_flagged() -> None:
    paper = Cleaner()("A title", "Mice recovered.(ABSTRACT TRUNCATED AT 250 WORDS)")

    assert paper.abstract.text == "Mice recovered."
    assert paper.flags == {Flag.TRUNCATED_AT_SOURCE}


@pytest.mark.parametrize(
    "notice",
    [
        "[This corrects the article DOI: 10.9999/example.2023.1.].",
        "This article has been retracted at the request of the editors.",
        "This article, a study of mice, has been withdrawn.",
        "No abstract available.",
        "[No abstract available]",
        "Abstract not available",
        "The Publisher regrets that this article is an accidental duplication.",
        "Erratum to: Mice and men.",
    ],
)
def test_a_notice_is_no_abstract(notice: str) -> None:
    paper = Cleaner()("A title", notice)

    assert paper.abstract.text == ""
    assert paper.flags == {Flag.NOTICE_ONLY, Flag.ABSTRACT_MISSING}


@pytest.mark.parametrize(
    "text",
    [
        "Correction of anaemia improves survival.",
        "Retraction of the upper lid was noted.",
        "This study corrects for age.",
        "The study drug was withdrawn in two patients.",
        "None of the mice recovered.",
        "No abstract reasoning was tested.",
    ],
)
def test_an_abstract_that_begins_like_a_notice_stays(text: str) -> None:
    assert Cleaner()("A title", text).abstract.text == text


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("[Cancer in Chile].", "Cancer in Chile."),
        (" [Cancer in Chile] ", "Cancer in Chile"),
        ("[Cancer in Chile (author's transl)].", "Cancer in Chile."),
        ("[Cancer in Chile] (author's transl).", "Cancer in Chile."),
        ("[Uses of [18F]FDG].", "Uses of [18F]FDG."),
    ],
)
def test_the_brackets_of_a_translated_title_go(raw: str, title: str) -> None:
    paper = Cleaner()(raw, "Mice recovered.")

    assert paper.title.text == title
    assert paper.flags == {Flag.TRANSLATED_TITLE}


@pytest.mark.parametrize("title", ["[18F]FDG and [3H]thymidine", "[A] and [B]", "Uses of [18F]FDG", "[]"])
def test_other_brackets_in_titles_stay(title: str) -> None:
    assert Cleaner(["translated_titles"])(title, "").title.text == title
