"""Cleaning is done once, moves nothing it cannot account for, and leaves clean text alone."""

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.text.citations import MARK, Kind
from serve.text.cleaning import DEFAULT_STEPS, STEPS, Citation, Cleaner, Flag, UnknownStep
from serve.text.offsets import MappedText

# Pieces that make work for one step or another, whole and in halves, so that they meet in every way.
_PIECES = [
    *(
        "mice ran",
        "cells",
        "Hall",
        " ",
        "  ",
        "\n",
        ".",
        ". ",
        ",",
        ";",
        ":",
        "(",
        ")",
        "[",
        "]",
        "<",
        ">",
        "&",
        "1",
        "2010",
        "-",
    ),
    *("&lt;", "&amp;lt;", "&#38;", "amp;", "lt;", "sup&gt;", "&nbsp;", "&#93;"),
    *("<i>", "</i>", "<sup>", "</sup>", "<sup>1,2</sup>", "<br/>", "i>", "<annotation>x</annotation>"),
    *(
        "\u00a0",
        "\u200b",
        "\u00ad",
        "\u2013",
        "\u2019",
        "\ufb01",
        "e",
        "\u0301",
        "\u00b7",
        "\u02c2",
        "¹",
        "²⁻⁴",
        "\r",
        "\t",
        "\x00",
    ),
    *("[1]", "[1,2-5]", "(1)", "[50-59]", "(Hall et al., 2010)", "Hall et al. (2010)", "(Hall 2010)", MARK),
    *(
        "NCT01234567",
        "ClinicalTrials.gov ",
        "registration",
        "number ",
        "a@b.org",
        "@",
        "www.b.org",
        "10.1234/ab",
        "PMID 12345",
    ),
    *(
        "© 2019 The Authors.",
        "(c) 2012",
        "Copyright",
        "All rights reserved.",
        "J Exam 2019;12:3-4.",
        "[Formula: see text]",
    ),
    *("METHODS: ", "Results", "AIM", "No abstract available", "(ABSTRACT TRUNCATED AT 250 WORDS)", "(author's transl)"),
]
tricky = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)
anything = st.text(alphabet=st.characters(exclude_categories=()), max_size=40)
texts = tricky | anything | st.tuples(tricky, anything, tricky).map("".join)
step_sets = (
    st.just(DEFAULT_STEPS)
    | st.sampled_from(list(STEPS)).map(lambda step: (step,))
    | st.sets(st.sampled_from(list(STEPS)))
)


def plain(title: str, abstract: str) -> tuple[str, str]:
    paper = Cleaner()(title, abstract)
    return paper.title.text, paper.abstract.text


@given(texts, texts, step_sets)
def test_cleaning_twice_is_cleaning_once(title: str, abstract: str, steps: tuple[str, ...]) -> None:
    clean = Cleaner(steps)
    once = clean(title, abstract)

    twice = clean(once.title.text, once.abstract.text)

    assert (twice.title.text, twice.abstract.text) == (once.title.text, once.abstract.text)


@pytest.mark.parametrize("step", STEPS)
@given(text=texts)
def test_every_single_step_is_done_once(step: str, text: str) -> None:
    clean = Cleaner([step])
    once = clean(text, text)

    twice = clean(once.title.text, once.abstract.text)

    assert (twice.title.text, twice.abstract.text) == (once.title.text, once.abstract.text)


@given(texts, step_sets)
def test_the_map_goes_forward_through_the_raw_text(raw: str, steps: tuple[str, ...]) -> None:
    text = Cleaner(steps)("", raw).abstract

    assert len(text.text) == len(text.starts) == len(text.ends)
    assert all(a <= b for a, b in itertools.pairwise(text.starts))
    assert all(a <= b for a, b in itertools.pairwise(text.ends))
    assert all(0 <= start <= end <= len(raw) for start, end in zip(text.starts, text.ends, strict=True))


@given(texts)
def test_every_character_stands_for_itself_for_another_form_of_itself_or_for_a_citation(raw: str) -> None:
    paper = Cleaner()("", raw)

    cited = [(citation.start, citation.end) for citation in paper.citations]
    for place, char in enumerate(paper.abstract.text):
        start, end = paper.abstract.raw_span(place, place + 1)
        written = raw[start:end]
        assert (
            written == char
            or char in " \n"  # spaces and line breaks are evened out
            or (char in f" {MARK}" and any(s <= start and end <= e for s, e in cited))
            or written.startswith("&")
            or written.lower().startswith("<sup>")
            or _same_character(written, char)
        )


def _same_character(written: str, char: str) -> bool:
    """Whether what is written has all the parts of `char` in it, or is another sign of one character."""
    parts = set(unicodedata.normalize("NFD", char))
    other_sign = len(written) == 1 and not written.isalnum() and not char.isalnum()
    return other_sign or parts <= set(unicodedata.normalize("NFKD", written))


@given(
    st.lists(st.sampled_from(["mice", "ran", "far", "p<0.001", "β", "50", "%"]), min_size=1, max_size=20).map(" ".join)
)
def test_text_with_nothing_to_clean_comes_back_as_it_is(text: str) -> None:
    paper = Cleaner()(text, text)

    assert paper.title == paper.abstract == MappedText.of(text)
    assert (paper.citations, paper.flags) == ((), frozenset())


@pytest.mark.parametrize("abstract", ["", " ", "\n\t", "\u200b"])
def test_a_missing_abstract_is_flagged(abstract: str) -> None:
    paper = Cleaner()("A title", abstract)

    assert (paper.title.text, paper.abstract.text) == ("A title", "")
    assert paper.flags == {Flag.ABSTRACT_MISSING}


def test_without_steps_nothing_changes() -> None:
    paper = Cleaner([])("[A title].", "<i>Mice</i>  ran [1].")

    assert (paper.title.text, paper.abstract.text) == ("[A title].", "<i>Mice</i>  ran [1].")


def test_steps_help_each_other() -> None:
    assert plain("[Mice &amp; men].", "Most&amp;nbsp;mice&lt;sup&gt;1,2&lt;/sup&gt; (<i>n</i> = 3; see [4]).") == (
        "Mice & men.",
        "Most mice [CIT] (n = 3; see [CIT]).",
    )


def test_the_order_in_which_steps_are_named_does_not_matter() -> None:
    assert Cleaner(reversed(DEFAULT_STEPS)).steps == Cleaner().steps == DEFAULT_STEPS


def test_an_unknown_step_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UnknownStep, match=r"no cleaning step is called spelling; there are notices, .*, spaces$"):
        Cleaner(["spaces", "spelling"])


def test_citations_are_listed_as_the_caller_wrote_them() -> None:
    title, abstract = "Mice after Hall et al. (2010)", "Men won [4]. Those&nbsp;mice<sup>2,3</sup> ran."

    citations = Cleaner()(title, abstract).citations

    assert [(c.field, c.text, c.reference.kind, c.reference.numbers) for c in citations] == [
        ("title", "Hall et al. (2010)", Kind.AUTHOR_YEAR, ()),
        ("abstract", "[4]", Kind.NUMERIC, (4,)),
        ("abstract", "<sup>2,3</sup>", Kind.NUMERIC, (2, 3)),
    ]


@given(texts, texts)
def test_listed_citations_stand_where_they_say(title: str, abstract: str) -> None:
    raw = {"title": title, "abstract": abstract}

    citations: tuple[Citation, ...] = Cleaner()(title, abstract).citations

    assert all(raw[c.field][c.start : c.end] == c.text != "" for c in citations)


def test_text_that_unwraps_layer_by_layer_without_end_is_left_as_it_came() -> None:
    hostile = "</i" * 30 + ">" * 30

    paper = Cleaner()("A title", hostile)

    assert paper.abstract == MappedText.of(hostile)
    assert paper.flags == {Flag.NOT_CLEANED}


# At this length anything worse than linear would run into the time limit of the whole suite.
@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "[1,[",
        "[1",
        "&",
        "&amp;",
        "aaaa@",
        "a@b.",
        "<i",
        "<i a=",
        "((2010)",
        "(Hall, ",
        "Hall and ",
        "NCT01234567 (",
        "registration ",
        "10.1234/)",
        "© 2019 ",
        "METHODS ",
        "RESULTS: ",
        "A.",
        "\n ",
        "word¹,",
        "e\u0301",
        "(ABSTRACT TRUNCATED",
    ],
)
def test_long_hostile_text_is_cleaned_all_the_same(piece: str) -> None:
    text = (piece * 50_000)[:50_000]

    once = Cleaner()("", text).abstract.text

    assert Cleaner()("", once).abstract.text == once
