"""Ray Serve's autoscaler without Ray: what it decides from what its handles noted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.serve._private.common import DeploymentID
from ray.serve.autoscaling_policy import _apply_autoscaling_config, default_autoscaling_policy
from ray.serve.config import AutoscalingConfig, AutoscalingContext

from loadtest.scale.autoscaler import QUEUED, Autoscaler, Rule

AT_ONCE = Rule(max_replicas=10, target_ongoing_requests=2, upscale_delay_s=0, downscale_delay_s=0)


def test_the_target_is_the_calls_over_the_calls_a_replica_should_have() -> None:
    autoscaler = Autoscaler(AT_ONCE)

    autoscaler.push({QUEUED: 4, 0: 3}, now_s=10)

    assert autoscaler.decide([0], now_s=10) == 4


def test_nothing_moves_before_the_delay_is_over() -> None:
    autoscaler = Autoscaler(AT_ONCE.model_copy(update={"upscale_delay_s": 30}))
    autoscaler.push({QUEUED: 6}, now_s=10)

    assert [autoscaler.decide([0], now_s) for now_s in (10, 39, 40)] == [1, 1, 3]


def test_the_last_replica_goes_only_where_there_may_be_none() -> None:
    for least in (0, 1):
        autoscaler = Autoscaler(AT_ONCE.model_copy(update={"min_replicas": least}))
        autoscaler.target = 1
        autoscaler.push({QUEUED: 0, 0: 0}, now_s=10)

        assert autoscaler.decide([0], now_s=11) == least


def test_from_zero_a_waiting_call_starts_a_replica_without_delay() -> None:
    autoscaler = Autoscaler(AT_ONCE.model_copy(update={"min_replicas": 0, "upscale_delay_s": 600}))

    autoscaler.push({QUEUED: 1}, now_s=10)

    assert autoscaler.decide([], now_s=10) == 1


def test_calls_are_averaged_over_the_look_back_period() -> None:
    autoscaler = Autoscaler(AT_ONCE)
    for now_s, waiting in ((6, 0), (12, 0), (18, 12), (24, 12)):
        autoscaler.note({QUEUED: waiting}, now_s)

    autoscaler.push({QUEUED: 12}, now_s=30)

    assert autoscaler.decide([0], now_s=30) == 3  # half of the 24 seconds none waited, half of them twelve


def test_calls_on_replicas_that_are_gone_do_not_count() -> None:
    autoscaler = Autoscaler(AT_ONCE)
    autoscaler.push({QUEUED: 0, 0: 2, 1: 18}, now_s=10)

    assert autoscaler.decide([0], now_s=10) == 1


@given(
    calls=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)), min_size=1, max_size=40),
    target=st.sampled_from([0.75, 1.0, 1.5, 4.0]),
    delays_s=st.tuples(st.sampled_from([0.0, 3.0, 10.0]), st.sampled_from([0.0, 5.0, 20.0])),
    factors=st.tuples(st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([0.5, 1.0])),
)
def test_it_decides_as_ray_does(
    calls: list[tuple[int, int]], target: float, delays_s: tuple[float, float], factors: tuple[float, float]
) -> None:
    """Second by second: so many calls, so many replicas running."""
    rule = Rule(
        min_replicas=0,
        max_replicas=8,
        target_ongoing_requests=target,
        upscale_delay_s=delays_s[0],
        downscale_delay_s=delays_s[1],
        upscaling_factor=factors[0],
        downscaling_factor=factors[1],
    )
    ours = Autoscaler(rule)
    rays = RaysOwn(rule)

    for now_s, (waiting, running) in enumerate(calls):
        ours.push({QUEUED: waiting}, float(now_s))
        assert ours.decide(range(running), float(now_s)) == rays.decide(waiting, running, float(now_s))


class RaysOwn:
    """The policy as Ray's controller calls it, its clock in our hands."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._config = AutoscalingConfig(**rule.model_dump(exclude={"max_ongoing_requests"}))
        self._policy = _apply_autoscaling_config(default_autoscaling_policy)
        self._state: dict[str, object] = {}
        self._target = rule.min_replicas

    def decide(self, calls: float, running: int, now_s: float) -> int:
        context = AutoscalingContext(
            deployment_id=DeploymentID("model"), deployment_name="model", app_name="app",
            current_num_replicas=running, target_num_replicas=self._target, running_replicas=[],
            total_num_requests=calls, capacity_adjusted_min_replicas=self._rule.min_replicas,
            capacity_adjusted_max_replicas=self._rule.max_replicas, policy_state=self._state,
            current_time=now_s, config=self._config, total_queued_requests=calls, aggregated_metrics={},
            raw_metrics={}, last_scale_up_time=None, last_scale_down_time=None,
        )  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ray.serve.autoscaling_policy.time.time", lambda: now_s)
            wanted, self._state = self._policy(context)
        self._target = max(self._rule.min_replicas, min(self._rule.max_replicas, int(-(-wanted // 1))))
        return self._target
