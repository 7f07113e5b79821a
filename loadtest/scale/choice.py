"""The rule for a model: of many candidates under several loads, one that neither swings nor keeps papers waiting."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loadtest.scale.autoscaler import Rule
from loadtest.scale.shapes import Shape, shapes
from loadtest.scale.simulation import Model, Run, simulate

FOR_S = 3600.0
SWING = 2
"""A target that moves by one replica and back is the load's own noise; by two, it is the rule's."""
LATE_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Case:
    """A model, the most replicas of it, and the load it is tried with. Papers per second."""

    model: Model
    max_replicas: int
    low: float
    high: float
    late_after_s: float

    def loads(self) -> Mapping[str, Shape]:
        return shapes(self.low, self.high)


@dataclass(frozen=True, slots=True)
class Score:
    """One rule under all loads of a case: the worst of them, and the utilisation over all.

    `extra_turns` are those that the load does not ask for; on the square wave there must be none.
    """

    rule: Rule
    extra_turns: dict[str, int]
    late: float
    refused: int
    killed: int
    worst_wait_s: float
    utilisation: float

    @property
    def steady(self) -> bool:
        return self.extra_turns["square"] == 0

    @property
    def serves(self) -> bool:
        return self.late <= LATE_SHARE and self.refused == self.killed == 0


CASES = {
    # A replica on two CPU cores reads 2 papers a second, and is there in half a minute.
    "cpu": Case(
        Model(papers_per_s=2, papers_per_call=16, start_s=25, grace_s=600, max_papers=1000),
        max_replicas=8, low=1, high=10, late_after_s=60,
    ),
    # Stated speeds: no GPU was at hand. A call fills half a batch of the classifier, a quarter of the engine.
    "gpu-classifier": Case(
        Model(papers_per_s=50, papers_per_call=64, parallel_calls=2, start_s=60, grace_s=600, max_papers=4000),
        max_replicas=4, low=10, high=130, late_after_s=60,
    ),
    "gpu-extractor": Case(
        Model(papers_per_s=20, papers_per_call=64, parallel_calls=4, start_s=150, grace_s=600, max_papers=4000),
        max_replicas=8, low=10, high=100, late_after_s=120,
    ),
}  # fmt: skip


def candidates(case: Case) -> Iterator[Rule]:
    """Rules around the number of calls that a replica needs at once."""
    base = case.model.parallel_calls
    for target, room, up_s, down_s in itertools.product((1.0, 1.5, 2.0, 4.0), (4, 16, 64), (0.0, 30.0), (300.0, 600.0)):
        if room >= target:
            yield Rule(
                max_replicas=case.max_replicas,
                target_ongoing_requests=target * base,
                max_ongoing_requests=room * base,
                upscale_delay_s=up_s,
                downscale_delay_s=down_s,
            )


def score(case: Case, rule: Rule) -> Score:
    """Run every load of the case."""
    loads = case.loads()
    runs: dict[str, Run] = {name: simulate(case.model, rule, shape, for_s=FOR_S) for name, shape in loads.items()}
    return Score(
        rule=rule,
        extra_turns={name: max(0, run.turns(SWING) - loads[name].changes(FOR_S)) for name, run in runs.items()},
        late=max(run.late(case.late_after_s) for run in runs.values()),
        refused=sum(run.refused for run in runs.values()),
        killed=sum(run.killed for run in runs.values()),
        worst_wait_s=max(run.wait_s(95) for run in runs.values()),
        utilisation=sum(run.work_s for run in runs.values()) / sum(run.replica_s for run in runs.values()),
    )


def ranked(scores: list[Score]) -> list[Score]:
    """The best first: steady on the square wave, in time or else refusing least, steady elsewhere, busy."""

    def place(of: Score) -> tuple[bool, bool, int, int, float]:
        turned_away = 0 if of.serves else of.refused + of.killed
        return not of.steady, not of.serves, turned_away, sum(of.extra_turns.values()), -of.utilisation

    return sorted(scores, key=place)
