"""What may be committed, whatever the order in which messages are settled."""

from aiokafka import TopicPartition  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from streams.offsets import Offsets

PAPERS = TopicPartition("papers", 0)


def begun(*offsets: int) -> Offsets:
    of = Offsets()
    for offset in offsets:
        of.begin(PAPERS, offset)
    return of


@given(st.permutations(range(20)))
def test_all_before_the_first_in_work_is_committed_and_nothing_else(order: list[int]) -> None:
    of = begun(*range(20))
    settled: set[int] = set()
    for offset in order:
        of.end(PAPERS, offset)
        settled.add(offset)
        gap = next(place for place in range(21) if place not in settled)

        assert of.committable().get(PAPERS, 0) == gap
        assert of.in_work == 20 - len(settled)


def test_what_is_committed_is_not_committed_again() -> None:
    of = begun(3, 4)
    of.end(PAPERS, 3)
    of.committed(of.committable())
    assert of.committable() == {}

    of.end(PAPERS, 4)
    assert of.committable() == {PAPERS: 5}


def test_what_went_on_during_a_commit_is_not_forgotten() -> None:
    of = begun(3, 4)
    of.end(PAPERS, 3)
    sent = of.committable()
    of.end(PAPERS, 4)
    of.committed(sent)

    assert of.committable() == {PAPERS: 5}


def test_offsets_that_a_compacted_topic_lacks_are_no_gap() -> None:
    of = begun(3, 10)
    of.end(PAPERS, 3)
    of.end(PAPERS, 10)

    assert of.committable() == {PAPERS: 11}


def test_a_partition_that_was_taken_away_is_not_committed() -> None:
    of = begun(3, 4)
    of.end(PAPERS, 3)
    of.forget([PAPERS])
    of.end(PAPERS, 4)

    assert of.committable() == {}
    assert of.in_work == 0
