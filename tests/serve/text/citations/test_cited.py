"""What a text cites, as it is written there; an honest empty list where it cites nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.text.citations.cited import cited_in


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("As shown before [1,2-5], it is rare.", ["1,2-5"]),
        ("This was seen by Smith et al. (2010).", ["Smith et al. (2010)"]),
        ("Known since long (Smith and Lee, 2010; Kim et al., 2012).", ["Smith and Lee, 2010; Kim et al., 2012"]),
        ("Data are at doi: 10.1000/xyz123.", ["doi: 10.1000/xyz123"]),
        ("See PMID: 12345678 for more.", ["PMID: 12345678"]),
        (
            "Trial registration: ClinicalTrials.gov NCT01234567 and NCT07654321.",
            ["NCT01234567", "NCT07654321"],
        ),
        ("It was cured. Am J Hematol 2001;66:1-4.", ["Am J Hematol 2001;66:1-4."]),
    ],
)
def test_each_way_to_cite_is_found(text: str, cited: list[str]) -> None:
    assert cited_in([text]) == cited


@pytest.mark.parametrize(
    "text", ["Median age was 55 [50-59] years.", "This held (p<0.001).", "In Lyon (2004) it rained.", ""]
)
def test_what_cites_nothing_has_an_empty_list(text: str) -> None:
    assert cited_in([text]) == []


def test_each_is_listed_once_in_reading_order() -> None:
    title, abstract = "A comment on PMID: 2222222", "Before PMID: 1111111 came PMID: 2222222."

    assert cited_in([title, abstract]) == ["PMID: 2222222", "PMID: 1111111"]


@given(st.text(alphabet="Smith et al.(2010)[1-3], doi:10.1/NCT ", max_size=80))
def test_all_that_is_listed_is_in_the_text(text: str) -> None:
    for cited in cited_in([text]):
        assert cited
        assert cited in text
