"""The record of a run."""

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.load.calls import Outcome
from loadtest.load.timeline import Timeline, binned_ms, percentile

EVENTS = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.sampled_from(["single", "batch"]),
        st.builds(Outcome, answered=st.integers(0, 64), refused=st.integers(0, 64), late=st.integers(0, 3)),
        st.floats(0, 100),
    )
)


def recorded(events: list[tuple[int, str, Outcome, float]]) -> Timeline:
    timeline = Timeline()
    for second, caller, outcome, took_s in events:
        timeline.sent(caller, outcome.answered + outcome.refused + outcome.late, second)
        timeline.ended(caller, outcome, took_s, second)
    return timeline


@given(EVENTS, EVENTS)
def test_the_timelines_of_two_workers_add_up(
    one: list[tuple[int, str, Outcome, float]], other: list[tuple[int, str, Outcome, float]]
) -> None:
    master = Timeline()
    for worker in (recorded(one), recorded(other)):
        # As they travel between locust's processes.
        master.merge(msgpack.loads(msgpack.dumps(worker.take()), strict_map_key=False))
    together = recorded([*one, *other])
    assert master.total() == together.total()
    assert master.by_second() == together.by_second()


def test_what_was_taken_is_not_taken_again() -> None:
    timeline = recorded([(1, "single", Outcome(answered=1), 0.1)])
    assert timeline.take()
    assert timeline.take() == []


def test_papers_are_counted_where_they_were_sent_and_where_they_ended() -> None:
    timeline = Timeline()
    timeline.sent("batch", 64, at_s=10.9)
    timeline.ended("batch", Outcome(answered=63, failed=1), seconds=2.5, at_s=13.4)
    assert (timeline.total([(10, 11)]).offered, timeline.total([(10, 11)]).answered) == (64, 0)
    assert (timeline.total([(13, 14)]).answered, timeline.total([(13, 14)]).failed) == (63, 1)
    assert timeline.total(callers=["single"]).offered == 0
    assert list(timeline.by_second()) == [10, 11, 12, 13]


def test_refusals_have_latencies_of_their_own() -> None:
    timeline = recorded(
        [(1, "single", Outcome(refused=1, retry_after_s=1.0), 0.01), (1, "batch", Outcome(refused=64), 0.02)]
    )
    total = timeline.total()
    assert dict(total.refusals_ms) == {10: 1, 20: 1}
    assert total.refusals_without_retry_after == 1
    assert not total.answers_ms


@given(st.floats(0, 5_000))
def test_a_latency_is_never_made_shorter_and_by_less_than_a_hundredth_longer(seconds: float) -> None:
    assert seconds * 1e3 <= binned_ms(seconds) <= seconds * 1e3 * 1.01 + 1


@given(st.dictionaries(st.integers(0, 1000), st.integers(1, 50), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_a_latency_that_the_share_did_not_exceed(latencies: dict[int, int], share: float) -> None:
    found = percentile(latencies, share)
    assert found in latencies
    assert sum(n for ms, n in latencies.items() if ms <= found) >= share * sum(latencies.values())
    assert sum(n for ms, n in latencies.items() if ms < found) < share * sum(latencies.values())


def test_without_requests_there_is_no_percentile() -> None:
    assert percentile({}, 0.5) is None


@pytest.mark.parametrize(("seconds", "ms"), [(0.0101, 11), (0.999, 999), (1.2341, 1240), (123.4, 124_000)])
def test_three_digits_are_kept(seconds: float, ms: int) -> None:
    assert binned_ms(seconds) == ms
