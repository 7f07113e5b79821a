"""What is sent: papers and tasks checked before anything leaves, and every text carried unchanged."""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve import InvalidArgument, Paper, Task
from pubserve._request import _SURROGATE_PAIR, check_papers, check_tasks, encode

# Any code point at all, lone surrogates included; a character in two halves has a test of its own.
any_sendable_text = st.text(st.characters(codec=None, exclude_categories=())).filter(
    lambda text: not _SURROGATE_PAIR.search(text)
)


@given(st.dictionaries(any_sendable_text, any_sendable_text))
def test_any_text_is_the_same_after_the_way_through_json(body: dict[str, str]) -> None:
    sent = encode(body)

    assert sent.isascii()
    assert json.loads(sent) == body


@given(any_sendable_text, any_sendable_text)
def test_a_paper_with_any_text_is_carried_unchanged(title: str, abstract: str) -> None:
    (paper,) = check_papers([{"id": "1", "title": title, "abstract": abstract}])

    assert json.loads(encode(paper.model_dump())) == {"id": "1", "title": title, "abstract": abstract}


def test_a_character_in_two_halves_is_refused_because_json_would_join_them_and_shift_every_offset() -> None:
    with pytest.raises(InvalidArgument, match=r"papers\[1\]\.abstract: .*UTF-16 halves") as caught:
        check_papers([{"id": "1"}, {"id": "2", "abstract": "a \ud83d\ude00 b"}])

    assert (caught.value.index, caught.value.field) == (1, "abstract")
    assert "a \ud83d\ude00 b".encode("utf-16", "surrogatepass").decode("utf-16", "replace") == "a \U0001f600 b"


def _papers(number: int) -> Iterator[dict[str, str]]:
    return ({"id": str(index)} for index in range(number))


def test_papers_may_be_models_or_mappings_from_any_iterable() -> None:
    papers: list[Paper | Mapping[str, Any]] = [
        Paper(id="1", title="t"),
        {"id": 2, "abstract": "a"},
        MappingProxyType({"id": "3"}),
    ]

    assert check_papers(iter(papers)) == [Paper(id="1", title="t"), Paper(id="2", abstract="a"), Paper(id="3")]


def test_a_call_takes_a_thousand_papers() -> None:
    assert len(check_papers(_papers(1_000))) == 1_000


def test_more_than_a_thousand_papers_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"more than the 1,000 that one call takes.*split"):
        check_papers(_papers(1_001))


def test_an_endless_iterable_is_refused_too() -> None:
    with pytest.raises(InvalidArgument, match="more than the 1,000"):
        check_papers({"id": str(number)} for number in count())


def test_no_papers_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="papers is empty"):
        check_papers([])


@pytest.mark.parametrize("papers", [{"id": "1"}, "30872385", b"30872385", Paper(id="1"), 30872385, None])
def test_one_paper_in_place_of_a_list_is_named_as_the_mistake(papers: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"wrap a single paper in \[ \]"):
        check_papers(papers)


@pytest.mark.parametrize(
    ("paper", "field", "message"),
    [
        ({"title": "t"}, "id", r"papers\[2\]\.id: Field required"),
        ({"id": "1", "title": 7}, "title", r"papers\[2\]\.title: Input should be a valid string"),
        (
            {"id": "1", "abstract": float("nan")},
            "abstract",
            r"papers\[2\]\.abstract: .*missing title or abstract is None",
        ),
        (
            {"id": "1", "Abstract": "a"},
            "Abstract",
            r"papers\[2\]\.Abstract: Extra inputs .*a paper has id, title, abstract",
        ),
        ({"id": "1" * 257}, "id", r"papers\[2\]\.id: .* at most 256"),
        ({"id": True}, "id", r"papers\[2\]\.id: "),
    ],
)
def test_a_bad_paper_is_named_by_its_place_and_field(paper: Mapping[str, Any], field: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message) as caught:
        check_papers([{"id": "1"}, {"id": "2"}, paper])

    assert (caught.value.index, caught.value.field) == (2, field)


def test_every_problem_of_a_bad_paper_is_named_at_once() -> None:
    with pytest.raises(InvalidArgument, match=r"papers\[0\]\.title: .*; papers\[0\]\.abstract: "):
        check_papers([{"id": "1", "title": 1, "abstract": 2}])


def test_something_that_is_no_paper_is_named_by_its_type() -> None:
    with pytest.raises(InvalidArgument, match=r"papers\[1\] must be a Paper or a mapping, not list") as caught:
        check_papers([{"id": "1"}, []])  # type: ignore[list-item]

    assert (caught.value.index, caught.value.hint) == (1, None)


@pytest.mark.parametrize("pmid", ["30872385", 30872385])
def test_who_gives_pmids_to_a_single_call_learns_of_the_one_that_takes_them(pmid: Any) -> None:
    with pytest.raises(InvalidArgument, match="for PMIDs use analyze_many"):
        check_papers([pmid])


def test_tasks_may_be_names_or_members() -> None:
    assert check_tasks(iter(["labels", Task.SUMMARY])) == ["labels", "summary"]


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        (["labels", "label"], r"tasks\[1\]: 'label' is not one of labels, diseases, citations, topics, summary"),
        ([None], r"tasks\[0\]: None is not one of"),
        ([], "tasks is empty"),
        ("labels", r"wrap a single task in \[ \]"),
    ],
)
def test_bad_tasks_are_refused(tasks: Any, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        check_tasks(tasks)
