"""The service on a real Ray, its models simulated: two replicas of its ingress, traced, its metrics exported."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from loadtest.processes import free_port
from serve.settings import Settings
from tests.monitoring.otlp import Collector, collector


@dataclass(frozen=True, slots=True)
class Observed:
    """Where the service listens, where Ray exports metrics, and the collector of its traces."""

    url: str
    ray_metrics_url: str
    traces: Collector


@pytest.fixture(scope="module")
def observed() -> Iterator[Observed]:
    """For a module, not the session: the next one to start Ray in this process wants its own."""
    import ray
    from ray import serve

    from loadtest.simulated import build_simulated

    port, metrics_port = free_port(), free_port()
    with collector() as traces, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        settings = Settings(
            profile="cpu",
            tracing={"otlp_endpoint": traces.url},
            ingress={"min_replicas": 2, "max_replicas": 2},
            pipeline={"max_tokens_in_flight": 20_000},
        )
        ray.init(
            address="local", num_cpus=4, object_store_memory=200 * 2**20, include_dashboard=False,
            logging_level="WARNING", log_to_driver=False, _metrics_export_port=metrics_port,
        )  # fmt: skip
        try:
            serve.start(http_options={"host": "127.0.0.1", "port": port})
            serve.run(build_simulated(settings, tokens_per_s=20_000))
            yield Observed(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics_port}/metrics", traces)
            serve.shutdown()
        finally:
            ray.shutdown()
