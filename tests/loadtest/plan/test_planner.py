"""The plan of a corpus: the slower model sets the pace, and everything follows from that."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.plan.inputs import Lengths, Machine, Speed, Speeds, Workload
from loadtest.plan.planner import Impossible, machines_for, plan

TEN_TOKENS = Lengths(chars=(40,))
AN_HOUR = Workload(papers=3600, lengths=TEN_TOKENS, deadline_h=1)


def speed(tokens_per_s: float, *, share: float = 1.0, start_s: float = 0.0) -> Speed:
    return Speed(tokens_per_s=tokens_per_s, chars_per_token=4, share_of_machine=share, start_s=start_s)


def speeds(classifier: float, extractor: float, **others: float) -> Speeds:
    return Speeds(classifier=speed(classifier), extractor=speed(extractor), **others)


def test_each_model_gets_the_replicas_that_meet_the_deadline() -> None:
    made = plan(AN_HOUR, speeds(classifier=10, extractor=2.5), Machine(price_per_hour=2))

    assert (made.classifier.replicas, made.extractor.replicas) == (1, 4)
    assert made.hours == pytest.approx(1)
    assert made.machines == 5
    assert made.money == pytest.approx(10)
    assert made.classifier.tokens == made.extractor.tokens == 36_000


def test_the_slower_model_sets_the_pace_and_the_other_waits() -> None:
    made = plan(AN_HOUR, speeds(classifier=40, extractor=10), Machine(price_per_hour=1))

    assert made.bound_by == "extractor"
    assert made.classifier.utilisation == pytest.approx(0.25)
    assert made.extractor.utilisation == 1


def test_models_that_slow_each_other_down_need_more_replicas() -> None:
    made = plan(AN_HOUR, speeds(classifier=10, extractor=10, in_company=0.5), Machine(price_per_hour=1))

    assert made.classifier.replicas == made.extractor.replicas == 2


def test_the_start_of_the_replicas_is_part_of_the_deadline_and_of_the_bill() -> None:
    starting = Speeds(classifier=speed(10, start_s=1800), extractor=speed(10))

    made = plan(AN_HOUR, starting, Machine(price_per_hour=1))

    assert made.classifier.replicas == 2
    assert made.hours == pytest.approx(1)


def test_a_deadline_shorter_than_the_start_is_impossible() -> None:
    with pytest.raises(Impossible, match="take 3600 s to start"):
        plan(AN_HOUR, Speeds(classifier=speed(10, start_s=3600), extractor=speed(10)), Machine(price_per_hour=1))


@given(
    papers=st.integers(1, 10**8),
    deadline_h=st.floats(0.1, 1000),
    classifier=st.floats(1, 1e6),
    extractor=st.floats(1, 1e6),
    efficiency=st.floats(0.5, 1),
)
def test_a_plan_meets_its_deadline_and_one_replica_fewer_would_not(
    papers: int, deadline_h: float, classifier: float, extractor: float, efficiency: float
) -> None:
    workload = Workload(papers=papers, lengths=TEN_TOKENS, deadline_h=deadline_h)

    made = plan(workload, speeds(classifier, extractor, efficiency=efficiency), Machine(price_per_hour=1))

    assert made.hours <= deadline_h * (1 + 1e-6)
    for stage in (made.classifier, made.extractor):
        assert 0 < stage.utilisation <= 1
        one_fewer_per_s = stage.papers_per_s * (stage.replicas - 1) / stage.replicas
        assert stage.replicas == 1 or papers / one_fewer_per_s > deadline_h * 3600 * (1 - 1e-6)


def test_small_replicas_take_the_room_that_large_ones_leave() -> None:
    assert machines_for((0.1, 2), (0.8, 1)) == 1
    assert machines_for((0.1, 3), (0.8, 1)) == 2
    assert machines_for((0.1, 10), (1.0, 3)) == 4
    assert machines_for((0.5, 3), (0.5, 3)) == 3


@given(
    shares=st.tuples(st.floats(0.05, 1), st.floats(0.05, 1)),
    replicas=st.tuples(st.integers(1, 500), st.integers(1, 500)),
)
def test_machines_hold_what_is_put_on_them(shares: tuple[float, float], replicas: tuple[int, int]) -> None:
    one, other = zip(shares, replicas, strict=True)

    machines = machines_for(one, other)

    assert machines >= math.ceil(sum(share * count for share, count in (one, other)) - 1e-6)
    assert machines <= sum(replicas)
