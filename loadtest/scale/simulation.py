"""A discrete-event simulation of one model's replicas under an autoscaler and a load.

Calls of several papers arrive at the handle, wait there while every replica has its fill, and go to the shorter of two
queues drawn at random, as Ray Serve's router does it. A replica that is taken away gets no more calls and finishes what
it has, within the grace that it is given.
"""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from loadtest.scale.autoscaler import PUSH_INTERVAL_S, QUEUED, Autoscaler, Rule
from loadtest.scale.shapes import Shape, arrivals

CONTROL_LOOP_S = 2.0
"""Ray decides much more often, but on figures that are renewed only every `PUSH_INTERVAL_S`."""


class Model(BaseModel):
    """What an operator cannot choose at run time: the model and how it is called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    papers_per_s: float = Field(gt=0, description="Of one replica.")
    papers_per_call: int = Field(gt=0)
    parallel_calls: int = Field(1, ge=1, description="Calls that it takes to keep a replica at full speed.")
    start_s: float = Field(ge=0, description="From the decision for a replica to its first call.")
    grace_s: float = Field(gt=0, description="How long a replica that is taken away may finish what it has.")
    max_papers: int = Field(gt=0, description="Papers in flight; more are refused.")

    @property
    def call_s(self) -> float:
        """Work on one call, which takes its share of the replica."""
        return self.parallel_calls * self.papers_per_call / self.papers_per_s


@dataclass(slots=True)
class Run:
    """What happened. Times in seconds since the start, papers by the moment they were sent."""

    for_s: float
    waits_s: list[float] = field(default_factory=list)
    refused: int = 0
    killed: int = 0
    targets: list[tuple[float, int]] = field(default_factory=list)
    replica_s: float = 0.0
    work_s: float = 0.0

    def turns(self, swing: int = 1) -> int:
        """How often the target turned round by `swing` replicas or more; the first such move counts as one."""
        turns, direction = 0, 0
        low = high = self.targets[0][1] if self.targets else 0
        for _, target in self.targets:
            low, high = min(low, target), max(high, target)
            if direction <= 0 and target - low >= swing:
                turns, direction, high = turns + 1, 1, target
            elif direction >= 0 and high - target >= swing:
                turns, direction, low = turns + 1, -1, target
            if direction > 0:
                low = high
            elif direction < 0:
                high = low
        return turns

    @property
    def utilisation(self) -> float:
        """Share of the time of all replicas, starting and ending ones among them, that was work."""
        return self.work_s / self.replica_s if self.replica_s else 0.0

    def late(self, after_s: float) -> float:
        """Share of the calls that took longer."""
        return sum(wait > after_s for wait in self.waits_s) / max(1, len(self.waits_s))

    def wait_s(self, percentile: float) -> float:
        return float(np.percentile(self.waits_s, percentile)) if self.waits_s else 0.0


@dataclass(slots=True)
class _Replica:
    """Calls are known by the moment they were sent."""

    number: int
    started_s: float
    ready: bool = False
    gone: bool = False
    working: int = 0
    waiting: deque[float] = field(default_factory=deque)

    @property
    def calls(self) -> int:
        return self.working + len(self.waiting)


class Simulation:
    """One run; `run()` once."""

    def __init__(self, model: Model, rule: Rule, *, seed: int = 0) -> None:
        self._model = model
        self._rule = rule
        self._autoscaler = Autoscaler(rule)
        self._seed = seed
        self._random = random.Random(seed)
        self._numbers = itertools.count()
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._waiting: deque[float] = deque()
        self._replicas: dict[int, _Replica] = {}
        self._leaving: dict[int, _Replica] = {}
        self._now_s = 0.0

    def run(self, shape: Shape, *, for_s: float) -> Run:
        self._run = Run(for_s)
        for _ in range(self._rule.min_replicas):
            self._ready(self._start())
        for moment in arrivals(shape.at, self._model.papers_per_call, for_s=for_s, seed=self._seed):
            self._at(moment, self._arrive)
        self._every(self._rule.note_interval_s, lambda: self._autoscaler.note(self._calls(), self._now_s), for_s)
        self._every(PUSH_INTERVAL_S, self._push, for_s)
        self._every(CONTROL_LOOP_S, self._decide, for_s)
        while self._events:
            self._now_s, _, event = heapq.heappop(self._events)
            event()
        for replica in self._present():
            self._run.replica_s += max(0.0, for_s - replica.started_s)
        return self._run

    def _at(self, moment_s: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment_s, next(self._order), event))

    def _every(self, interval_s: float, event: Callable[[], None], for_s: float) -> None:
        for number in range(1, int(for_s / interval_s) + 1):
            self._at(number * interval_s, event)

    # The handle

    def _arrive(self) -> None:
        in_flight = len(self._waiting) + sum(replica.calls for replica in self._present())
        if (in_flight + 1) * self._model.papers_per_call > self._model.max_papers:
            self._run.refused += self._model.papers_per_call
            return
        self._waiting.append(self._now_s)
        if not self._running():
            self._push()  # with no replica at all, a handle reports at once
        self._assign()

    def _assign(self) -> None:
        while self._waiting:
            free = [replica for replica in self._running() if replica.calls < self._rule.max_ongoing_requests]
            if not free:
                return
            replica = min(self._random.sample(free, min(2, len(free))), key=lambda drawn: drawn.calls)
            replica.waiting.append(self._waiting.popleft())
            self._work(replica)

    def _work(self, replica: _Replica) -> None:
        while replica.waiting and replica.working < self._model.parallel_calls:
            replica.working += 1
            self._at(self._now_s + self._model.call_s, partial(self._finish, replica, replica.waiting.popleft()))

    def _finish(self, replica: _Replica, sent_s: float) -> None:
        if replica.gone:
            return  # killed over this call
        replica.working -= 1
        self._run.waits_s.append(self._now_s - sent_s)
        self._run.work_s += self._model.papers_per_call / self._model.papers_per_s
        self._work(replica)
        if replica.number in self._leaving and not replica.calls:
            self._gone(replica)
        self._assign()

    # The controller

    def _calls(self) -> dict[int, int]:
        return {
            QUEUED: len(self._waiting),
            **{replica.number: replica.calls for replica in self._present() if replica.ready},
        }

    def _push(self) -> None:
        self._autoscaler.push(self._calls(), self._now_s)

    def _decide(self) -> None:
        target = self._autoscaler.decide([r.number for r in self._running()], self._now_s)
        self._run.targets.append((self._now_s, target))
        while len(self._replicas) < target:
            replica = self._start()
            self._at(self._now_s + self._model.start_s, partial(self._ready, replica))
        while len(self._replicas) > target:
            self._leave(min(self._replicas.values(), key=lambda r: (r.ready, -r.started_s)))

    def _start(self) -> _Replica:
        replica = _Replica(next(self._numbers), self._now_s)
        self._replicas[replica.number] = replica
        return replica

    def _ready(self, replica: _Replica) -> None:
        if replica.number in self._replicas:
            replica.ready = True
            self._assign()

    def _leave(self, replica: _Replica) -> None:
        del self._replicas[replica.number]
        self._leaving[replica.number] = replica
        if replica.calls:
            self._at(self._now_s + self._model.grace_s, partial(self._kill, replica))
        else:
            self._gone(replica)

    def _kill(self, replica: _Replica) -> None:
        if replica.number in self._leaving:
            self._run.killed += replica.calls * self._model.papers_per_call
            self._gone(replica)

    def _gone(self, replica: _Replica) -> None:
        replica.gone = True
        del self._leaving[replica.number]
        self._run.replica_s += self._now_s - replica.started_s

    def _present(self) -> list[_Replica]:
        return [*self._replicas.values(), *self._leaving.values()]

    def _running(self) -> Sequence[_Replica]:
        return [replica for replica in self._replicas.values() if replica.ready]


def simulate(model: Model, rule: Rule, shape: Shape, *, for_s: float, seed: int = 0) -> Run:
    """One run of the load on a model under a rule."""
    return Simulation(model, rule, seed=seed).run(shape, for_s=for_s)
