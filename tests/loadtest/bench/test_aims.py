"""Aims against measurements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.bench.aims import AIMS, Aim, Spread, judge
from loadtest.bench.measurement import Load, Measurement, Outcome, Work
from loadtest.bench.registry import COMPARED

TWICE = Aim("ours / theirs", "ours", Work.ANALYZE, 2, "theirs")


def measured(peer: str, round_: int, papers_per_s: float, *, load: int = 8, work: Work = Work.ANALYZE) -> Measurement:
    outcome = Outcome(
        papers=100, failed=0, papers_per_s=papers_per_s, lasted_s=30.0, first_result_s=0.1, p50_s=0.2, p99_s=0.3
    )
    return Measurement(
        peer=peer,
        work=work,
        load=Load(concurrency=load),
        round=round_,
        outcome=outcome,
        cpu_s={"peer": 1.0},
        peak_bytes=1,
    )


def test_ratios_are_formed_within_rounds_so_that_a_slow_hour_hits_both() -> None:
    fast_hour = [measured("ours", 0, 100), measured("theirs", 0, 50)]
    slow_hour = [measured("ours", 1, 10), measured("theirs", 1, 5)]
    verdict = judge(TWICE, fast_hour + slow_hour)
    assert verdict.measured == Spread(2.0, 2.0, 2.0)
    assert verdict.held


def test_the_median_of_the_rounds_decides() -> None:
    rounds = [measured("ours", n, rate) for n, rate in enumerate((1.0, 3.0, 4.0))]
    verdict = judge(TWICE, rounds + [measured("theirs", n, 1.0) for n in range(3)])
    assert verdict.measured == Spread(3.0, 1.0, 4.0)
    assert verdict.held


def test_below_the_aim_is_missed() -> None:
    assert judge(TWICE, [measured("ours", 0, 1.9), measured("theirs", 0, 1.0)]).held is False


def test_the_largest_load_that_both_were_put_under_counts() -> None:
    verdict = judge(
        TWICE,
        [
            measured("ours", 0, 1, load=1),
            measured("ours", 0, 30, load=32),
            measured("ours", 0, 99, load=128),
            measured("theirs", 0, 1, load=1),
            measured("theirs", 0, 10, load=32),
        ],
    )
    assert verdict.load == Load(concurrency=32)
    assert verdict.measured == Spread(3.0, 3.0, 3.0)


def test_other_work_does_not_count() -> None:
    verdict = judge(TWICE, [measured("ours", 0, 9, work=Work.EXTRACT), measured("theirs", 0, 1)])
    assert verdict.measured is None
    assert verdict.held is None


def test_an_aim_may_be_a_rate_of_its_own() -> None:
    verdict = judge(Aim("papers/s", "ours", Work.ANALYZE, 1500), [measured("ours", 0, 1600)])
    assert verdict.measured is not None
    assert verdict.measured.value == pytest.approx(1600)


@pytest.mark.parametrize("aim", AIMS, ids=lambda aim: aim.name)
def test_every_aim_is_about_what_a_run_measures(aim: Aim) -> None:
    for name in (aim.peer, aim.other):
        if name is not None:
            assert aim.work in COMPARED[name].works
            assert all(load in (*(COMPARED[name].loads or ()), *COMPARED[name].also) for load in aim.loads or ())


@given(st.lists(st.floats(0.001, 1e6), min_size=1))
def test_a_spread_holds_its_median(values: list[float]) -> None:
    spread = Spread.of(values)
    assert spread.low <= spread.value <= spread.high


@pytest.mark.parametrize(
    ("spread", "written"),
    [
        (Spread(0.952, 0.91, 1.0), "0.952 (0.910 to 1.00)"),
        (Spread(1234.5, 1200, 1300), "1,234 (1,200 to 1,300)"),
        (Spread(2, 2, 2), "2.00"),
    ],
)
def test_a_spread_is_written_with_three_digits(spread: Spread, written: str) -> None:
    assert str(spread) == written
