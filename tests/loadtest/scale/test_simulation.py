"""A simulated deployment: calls are worked off, replicas come and go, and nothing is forgotten."""

from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.scale.autoscaler import Rule
from loadtest.scale.choice import Case, Score, ranked, score
from loadtest.scale.shapes import Spike, Square, arrivals
from loadtest.scale.simulation import Model, Run, simulate

MODEL = Model(papers_per_s=4, papers_per_call=16, start_s=5, grace_s=600, max_papers=10_000)
QUICK = Rule(max_replicas=6, target_ongoing_requests=1, max_ongoing_requests=4, upscale_delay_s=0, downscale_delay_s=30)
FIXED = QUICK.model_copy(update={"max_replicas": 1})


def low(rate: float) -> Square:
    return Square(low=rate, high=rate, period_s=100)


@given(
    rate=st.floats(0, 20),
    max_replicas=st.integers(1, 6),
    max_ongoing=st.integers(1, 16),
    start_s=st.floats(0, 60),
    parallel_calls=st.integers(1, 4),
    max_papers=st.integers(16, 400),
    seed=st.integers(0, 100),
)
@settings(max_examples=30)
def test_every_paper_is_answered_or_refused(
    rate: float, max_replicas: int, max_ongoing: int, start_s: float, parallel_calls: int, max_papers: int, seed: int
) -> None:
    model = MODEL.model_copy(update={"start_s": start_s, "parallel_calls": parallel_calls, "max_papers": max_papers})
    rule = QUICK.model_copy(update={"max_replicas": max_replicas, "max_ongoing_requests": max_ongoing})
    shape = Square(low=rate / 4, high=rate, period_s=80)

    run = simulate(model, rule, shape, for_s=200, seed=seed)

    sent = 16 * len(arrivals(shape.at, 16, for_s=200, seed=seed))
    assert 16 * len(run.waits_s) + run.refused == sent
    assert run.killed == 0
    assert all(1 <= target <= max_replicas for _, target in run.targets)


def test_an_idle_replica_takes_as_long_as_the_call() -> None:
    run = simulate(MODEL, FIXED, low(0.1), for_s=2000, seed=1)

    assert min(run.waits_s) == MODEL.call_s == 4


def test_load_beyond_one_replica_brings_more_and_its_end_takes_them_away() -> None:
    steady = QUICK.model_copy(update={"downscale_delay_s": 120})
    spike = Spike(low=0.5, high=10, begins_s=100, lasts_s=150)

    run = simulate(MODEL, steady, spike, for_s=600)

    assert max(target for _, target in run.targets) >= 3
    assert run.targets[-1][1] == 1
    assert run.turns(2) == spike.changes(600) == 2


def test_calls_wait_at_the_handle_for_new_replicas_rather_than_in_the_queue_of_the_first() -> None:
    spike = Spike(low=0.5, high=12, begins_s=100, lasts_s=100)

    shallow = simulate(MODEL, QUICK.model_copy(update={"max_ongoing_requests": 2}), spike, for_s=600)
    deep = simulate(MODEL, QUICK.model_copy(update={"max_ongoing_requests": 64}), spike, for_s=600)

    assert shallow.wait_s(95) < deep.wait_s(95)


def test_a_replica_that_is_taken_away_with_more_than_its_grace_holds_loses_papers() -> None:
    hasty = MODEL.model_copy(update={"grace_s": 1})
    shape = Square(low=0.5, high=10, period_s=200)
    rule = QUICK.model_copy(update={"downscale_delay_s": 0, "max_ongoing_requests": 16})

    assert simulate(hasty, rule, shape, for_s=800).killed > 0
    assert simulate(MODEL, rule, shape, for_s=800).killed == 0


def test_from_zero_the_first_call_waits_for_a_replica_to_start() -> None:
    rule = QUICK.model_copy(update={"min_replicas": 0, "upscale_delay_s": 600})

    run = simulate(MODEL, rule, low(0.05), for_s=2000)

    assert run.targets[0][1] == 0
    assert 5 + 4 <= min(run.waits_s) <= 5 + 4 + 2
    assert run.turns() >= 2


def test_turns_count_swings_of_a_size() -> None:
    run = Run(60, targets=[(0, 1), (1, 4), (2, 3), (3, 4), (4, 6), (5, 2), (6, 5)])

    assert run.turns(1) == 5
    assert run.turns(2) == 3
    assert run.turns(5) == 1
    assert Run(60, targets=[(0, 3), (1, 3)]).turns() == 0


def test_the_best_rule_is_steady_first_then_in_time_then_busy() -> None:
    def scored(extra_turns: int, late: float, utilisation: float) -> Score:
        return Score(
            QUICK,
            {"square": extra_turns, "ramp": 1},
            late,
            refused=0,
            killed=0,
            worst_wait_s=1,
            utilisation=utilisation,
        )

    best, busy, late, swinging = (
        scored(0, 0.0, 0.7), scored(0, 0.0, 0.5), scored(0, 0.5, 0.9), scored(4, 0.0, 0.9),
    )  # fmt: skip

    assert ranked([swinging, late, busy, best]) == [best, busy, late, swinging]


def test_a_score_is_the_worst_of_all_loads() -> None:
    case = Case(MODEL, max_replicas=1, low=0.5, high=10, late_after_s=60)

    of = score(case, FIXED)

    assert of.late > 0.5
    assert not of.serves
    assert of.steady
