"""The gauges of the backlog: by partition, so that those of all workers add up to the group's."""

from streams.broker import Backlog
from streams.metrics import WorkerMetrics


def lag(metrics: WorkerMetrics, partition: str) -> float | None:
    return metrics.registry.get_sample_value("pubserve_worker_lag", {"partition": partition})


def test_a_partition_that_another_worker_has_now_is_said_by_that_one_alone() -> None:
    metrics = WorkerMetrics()
    metrics.observe(Backlog({"papers-0": 7, "papers-1": 5}, {"papers-0": 1, "papers-1": 2}))

    metrics.observe(Backlog({"papers-1": 4}, {"papers-1": 3}))

    assert (lag(metrics, "papers-0"), lag(metrics, "papers-1")) == (None, 4)
    assert metrics.registry.get_sample_value("pubserve_worker_pending", {"partition": "papers-1"}) == 3


def test_what_is_not_known_is_not_said() -> None:
    metrics = WorkerMetrics()
    metrics.observe(Backlog({"papers": 7}, {"papers": 1}))

    metrics.observe(Backlog())

    assert lag(metrics, "papers") is None
