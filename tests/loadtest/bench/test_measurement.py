"""Outcomes from answers, and measurements that are kept."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.bench.measurement import Load, Measurement, OtherRun, Outcome, Runs, Work

CIRCUMSTANCES = {"machine": "two cores", "papers": "800"}
SECONDS = st.floats(0.001, 1e4)


def measurement(peer: str = "ours", round_: int = 0, *, papers_per_s: float = 5.0) -> Measurement:
    outcome = Outcome(
        papers=10, failed=0, papers_per_s=papers_per_s, lasted_s=2.0, first_result_s=0.1, p50_s=0.2, p99_s=0.3
    )  # fmt: skip
    return Measurement(
        peer=peer,
        work=Work.ANALYZE,
        load=Load(concurrency=8),
        round=round_,
        outcome=outcome,
        cpu_s={"peer": 3.0, "helper": 1.0},
        peak_bytes=1,
    )


def test_the_time_of_a_peer_ends_with_its_last_answer() -> None:
    outcome = Outcome.of([(4.0, 1.0, 8), (2.0, 1.0, 8)], lasted_s=6.0, abandoned=1)
    assert (outcome.papers, outcome.papers_per_s, outcome.first_result_s) == (16, 4.0, 2.0)


def test_what_is_answered_in_the_warm_up_does_not_count_nor_does_the_time_until_then() -> None:
    outcome = Outcome.of(
        [(9.0, 1.0, 1), (10.0, 1.0, 1), (30.0, 1.0, 60), (31.0, 1.0, 3)], lasted_s=40.0, warm_up_s=10.0
    )
    assert (outcome.papers, outcome.papers_per_s) == (65, 3.0)


def test_all_that_was_asked_counts_where_it_is_answered_within_the_warm_up() -> None:
    assert Outcome.of([(1.0, 1.0, 8), (2.0, 1.0, 8)], lasted_s=9.0, warm_up_s=4.0).papers_per_s == 8.0


def test_every_paper_of_a_request_waited_as_long_as_the_request() -> None:
    outcome = Outcome.of([(1.0, 1.0, 99), (2.0, 50.0, 1)], lasted_s=2.0)
    assert outcome.p50_s == 1.0


def test_no_answer_is_an_error_that_says_what_became_of_the_papers() -> None:
    with pytest.raises(ValueError, match="3 papers failed, 2 requests were under way"):
        Outcome.of([], lasted_s=1.0, failed=3, abandoned=2)


@given(st.lists(st.tuples(SECONDS, SECONDS, st.integers(1, 64)), min_size=1, max_size=30))
def test_half_of_the_papers_waited_no_longer_than_the_median(answers: list[tuple[float, float, int]]) -> None:
    outcome = Outcome.of(answers, lasted_s=1e4)
    latencies = [latency for _, latency, _ in answers]
    assert min(latencies) <= outcome.p50_s * 1.0001
    assert outcome.p50_s <= outcome.p99_s * 1.0001 <= max(latencies) * 1.001
    assert outcome.papers_per_s > 0


def test_rates_are_over_what_was_read() -> None:
    measured = measurement(papers_per_s=5.0)
    assert measured.papers_per_s == 5.0
    assert measured.cpu_s_per_1000_papers == 400.0
    assert measured.cpu_s_per_1000_papers_of == {"peer": 300.0, "helper": 100.0}


def test_a_measurement_that_was_kept_is_found_again(tmp_path: Path) -> None:
    Runs(tmp_path, CIRCUMSTANCES).keep(measurement(round_=1))
    again = Runs(tmp_path, CIRCUMSTANCES)
    assert again.find("ours", Work.ANALYZE, Load(concurrency=8), 1) == measurement(round_=1)
    assert again.find("ours", Work.ANALYZE, Load(concurrency=8), 2) is None
    assert again.find("ours", Work.ANALYZE, Load(concurrency=8, papers_per_request=64), 1) is None
    assert list(again) == [measurement(round_=1)]


def test_measurements_of_another_machine_are_not_mixed_in(tmp_path: Path) -> None:
    Runs(tmp_path, CIRCUMSTANCES)
    with pytest.raises(OtherRun, match="another machine; name another folder with --runs"):
        Runs(tmp_path, CIRCUMSTANCES | {"machine": "four cores"})
