"""A name with a year is a citation where it can only be a person who wrote something."""

import pytest

from serve.text.citations import Kind, Work, find_citations


def cited(text: str) -> list[tuple[str, tuple[Work, ...]]]:
    found = [citation for citation in find_citations(text) if citation.reference.kind is Kind.AUTHOR_YEAR]
    return [(text[citation.start : citation.end], citation.reference.works) for citation in found]


HALL = Work(("Hall",), "2010", and_others=True)


@pytest.mark.parametrize(
    ("text", "written", "works"),
    [
        ("It is rare (Hall et al., 2010).", "(Hall et al., 2010)", (HALL,)),
        ("It is rare (see also Hall et al. 2010).", "(see also Hall et al. 2010)", (HALL,)),
        ("It is rare [Hall et al., 2010].", "[Hall et al., 2010]", (HALL,)),
        ("It is rare (Hall and colleagues, 2010).", "(Hall and colleagues, 2010)", (HALL,)),
        ("As Hall et al. (2010) say.", "Hall et al. (2010)", (HALL,)),
        ("However, Hall et al (2010) disagree.", "Hall et al (2010)", (HALL,)),
        (
            "It is rare (Hall et al., 2010; Hall and Li 2011a).",
            "(Hall et al., 2010; Hall and Li 2011a)",
            (HALL, Work(("Hall", "Li"), "2011a")),
        ),
        (
            "It is rare (Hall et al., 2010a,b, 2012).",
            "(Hall et al., 2010a,b, 2012)",
            tuple(Work(("Hall",), year, and_others=True) for year in ("2010a", "2010b", "2012")),
        ),
        ("Hall & Li (2011) disagree.", "Hall & Li (2011)", (Work(("Hall", "Li"), "2011"),)),
        (
            "It is rare (van der Berg JC et al., 2003).",
            "(van der Berg JC et al., 2003)",
            (Work(("van der Berg",), "2003", and_others=True),),
        ),
        ("It is rare (O'Neil and Li, 1999).", "(O'Neil and Li, 1999)", (Work(("O'Neil", "Li"), "1999"),)),
        (
            "It is rare (Hall et al. in J Rare Dis 27(2):3-9, 2010).",
            "(Hall et al. in J Rare Dis 27(2):3-9, 2010)",
            (HALL,),
        ),
        ("It is rare (Hall et al., 2010 J. Rare Dis. 4, 72-76).", "(Hall et al., 2010 J. Rare Dis. 4, 72-76)", (HALL,)),
        ("It was seen by Hall et al. (J Rare Dis 11:1-9, 2010).", "Hall et al. (J Rare Dis 11:1-9, 2010)", (HALL,)),
    ],
)
def test_a_citation_by_author_and_year_is_read(text: str, written: str, works: tuple[Work, ...]) -> None:
    assert cited(text) == [(written, works)]


@pytest.mark.parametrize(
    "text",
    [
        "In one year (2010) and over six (2010-2015).",
        "We recruited patients (January 2012 to March 2013).",
        "We recruited patients (January and March 2013).",
        "As classified by the WHO (2016) and staged (AJCC 2017).",
        "We used data from Paris (Paris, France, 2012).",
        "It was held in Lyon (Lyon 2004).",
        "It was seen in France and Spain (2010).",
        "There were many (n = 2032) with rs1041981 (Arg1985Trp).",
        "Hall et al. saw no relapse.",
    ],
)
def test_other_years_in_brackets_are_none(text: str) -> None:
    assert cited(text) == []


def test_a_single_name_counts_where_another_citation_is_certain() -> None:
    text = "It is rare (Hall et al., 2010). Others disagree (Li 2011)."

    assert [works[0].authors for _, works in cited(text)] == [("Hall",), ("Li",)]
