"""Ray Serve's autoscaler without Ray: its own functions decide, from figures as old as they are in a cluster.

A handle notes the calls that wait and those in work on each replica every few seconds, and every ten seconds sends the
notes of the look-back period to the controller. The controller averages the latest notes and asks the policy, which
moves the target when it has wanted the same direction for as long as the delay of that direction.
"""

import math
from collections import deque
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from ray.serve._private.autoscaling_metrics_merge import merge_and_aggregate_arrays
from ray.serve.autoscaling_policy import _apply_delay_logic, _apply_scaling_factors
from ray.serve.config import AutoscalingConfig

PUSH_INTERVAL_S = 10.0
"""`metrics_interval_s`: how often a handle sends what it noted."""
NOTES_PER_LOOK_BACK = 5
"""`RAY_SERVE_AUTOSCALING_METRIC_RECORD_INTERVAL_FACTOR` is a fifth."""

QUEUED = -1
"""The name under which waiting calls are noted, beside the numbers of replicas."""

Counts = Mapping[int, int]


class Rule(BaseModel):
    """What an operator can choose. The names are Ray Serve's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_replicas: int = Field(1, ge=0)
    max_replicas: int = Field(8, ge=1)
    target_ongoing_requests: float = Field(2.0, gt=0)
    max_ongoing_requests: int = Field(5, ge=1)
    upscale_delay_s: float = Field(30.0, ge=0)
    downscale_delay_s: float = Field(600.0, ge=0)
    look_back_period_s: float = Field(30.0, gt=0)
    upscaling_factor: float = Field(1.0, gt=0)
    downscaling_factor: float = Field(1.0, gt=0)

    @property
    def note_interval_s(self) -> float:
        return min(self.look_back_period_s / NOTES_PER_LOOK_BACK, PUSH_INTERVAL_S)


class Autoscaler:
    """One deployment with one caller's handle."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.target = rule.min_replicas
        self._config = AutoscalingConfig(**rule.model_dump(exclude={"max_ongoing_requests"}))
        self._notes: dict[int, deque[tuple[float, float]]] = {}
        self._sent: dict[int, np.ndarray] = {}
        self._delays: dict[str, Any] = {}

    def note(self, calls: Counts, now_s: float) -> None:
        """The handle writes down how many calls wait (`QUEUED`) and are in work on each replica."""
        for name, count in calls.items():
            self._notes.setdefault(name, deque()).append((now_s, count))
        self._forget(now_s)

    def push(self, calls: Counts, now_s: float) -> None:
        """The handle sends its notes; of what it has not noted yet, the count of the moment."""
        self._forget(now_s)
        self._sent = {name: np.array(self._notes.get(name) or [(now_s, count)]) for name, count in calls.items()}

    def decide(self, running: Collection[int], now_s: float) -> int:
        """The target from now on. `running` are the replicas that take calls."""
        calls = self._calls(running, now_s)
        wanted = self._policy(calls, len(running), now_s)
        self.target = max(self.rule.min_replicas, min(self.rule.max_replicas, wanted))
        return self.target

    def _policy(self, calls: float, running: int, now_s: float) -> int:
        if running == 0 and calls > 0:
            return max(math.ceil(self.rule.upscaling_factor), self.target)  # from zero at once
        desired = calls / self.rule.target_ongoing_requests if running else self.target
        scaled = _apply_scaling_factors(desired, running, self._config)
        if running == 0 and scaled > 0:
            return scaled
        target, self._delays = _apply_delay_logic(max(0, scaled), self.target, self._config, self._delays, now_s)
        return target

    def _calls(self, running: Collection[int], now_s: float) -> float:
        """Calls waiting plus calls in work on replicas that still run, averaged as the controller does."""
        kept = set(running)
        queued = [notes for name, notes in self._sent.items() if name == QUEUED]
        in_work = [notes for name, notes in self._sent.items() if name in kept]
        return _average([*queued, *in_work], now_s)

    def _forget(self, now_s: float) -> None:
        horizon_s = now_s - self.rule.look_back_period_s
        for name, notes in list(self._notes.items()):
            while notes and notes[0][0] < horizon_s:
                notes.popleft()
            if not notes:
                del self._notes[name]


def _average(series: list[np.ndarray], now_s: float) -> float:
    if not series:
        return 0.0
    flat = np.concatenate(series)
    offsets = np.concatenate(([0], np.cumsum([len(notes) for notes in series])))
    return float(merge_and_aggregate_arrays(flat[:, 0], flat[:, 1], offsets, now_s))
