"""Papers cut into requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve import Batching, InvalidArgument, Paper
from pubserve.batching import Piece, cut


def pieces(papers: list[Paper]) -> list[Piece]:
    return [Piece(place, paper, "") for place, paper in enumerate(papers)]


papers = st.builds(
    Paper, id=st.integers(0, 9), title=st.none() | st.text(max_size=20), abstract=st.none() | st.text(max_size=40)
)
policies = st.builds(Batching, max_papers=st.integers(1, 8), max_chars=st.integers(1, 100))


@given(st.lists(papers, max_size=40).map(pieces), policies)
def test_every_paper_is_in_one_batch_and_their_order_is_kept(given: list[Piece], batching: Batching) -> None:
    assert [piece for batch in cut(given, batching) for piece in batch] == given


@given(st.lists(papers, max_size=40).map(pieces), policies)
def test_a_batch_is_within_its_bounds_unless_one_paper_is_larger(given: list[Piece], batching: Batching) -> None:
    for batch in cut(given, batching):
        chars = sum(len(piece.paper.title or "") + len(piece.paper.abstract or "") for piece in batch)
        assert 1 <= len(batch) <= batching.max_papers
        assert chars <= batching.max_chars or len(batch) == 1


@given(st.lists(papers, max_size=40).map(pieces), policies)
def test_no_batch_holds_one_id_twice_since_results_name_papers_by_id(given: list[Piece], batching: Batching) -> None:
    for batch in cut(given, batching):
        assert len({piece.paper.id for piece in batch}) == len(batch)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_papers", 0),
        ("max_papers", 1001),
        ("max_chars", 0),
        ("concurrency", 0),
        ("patience_s", -1),
        ("patience_s", float("nan")),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(field: str, value: float) -> None:
    with pytest.raises(InvalidArgument, match=f"Batching.{field} must be") as caught:
        Batching(**{field: value})  # type: ignore[arg-type]

    assert caught.value.field == field
