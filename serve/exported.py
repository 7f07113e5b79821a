"""What `/metrics` says: of all replicas of the ingress, whichever of them happens to be asked.

Each replica counts for itself, and Ray Serve chooses who answers: the counts of one would go up and down from scrape to
scrape. So the one that is asked asks the others, and `replica` tells them apart.
"""

import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from prometheus_client import Metric, generate_latest

from serve.logs import log
from serve.metrics import Metrics

ANSWER_WITHIN_S = 3.0
"""Of the other replicas: a scrape waits ten seconds by default, and one that hangs must not hide the rest for long."""

REPLICA_LABEL = "replica"


@dataclass(frozen=True, slots=True)
class Export:
    """The metrics of one replica; it travels between them."""

    replica: str
    families: list[Metric]


AskAll = Callable[[], Awaitable[list[Export]]]


async def replicas_on_ray() -> list[Export]:
    """The exports of all replicas of this deployment; none where this process is no replica of Ray Serve."""
    if "ray" not in sys.modules:
        return []  # importing it only to learn that takes seconds
    from ray import serve
    from ray.serve.context import _get_internal_replica_context

    if (replica := _get_internal_replica_context()) is None:
        return []
    handle = serve.get_deployment_handle(replica.deployment, replica.app_name)
    answers = await handle.broadcast("export").results_async(timeout_s=ANSWER_WITHIN_S, return_exceptions=True)
    return [answer for answer in answers if isinstance(answer, Export)]


class ExportedMetrics:
    """Renders the metrics of one replica and of those beside it."""

    def __init__(self, own: Metrics, ask_all: AskAll = replicas_on_ray) -> None:
        self._own = own
        self._ask_all = ask_all

    async def render(self) -> bytes:
        """Prometheus' text format. Its own alone, without `replica`, where there is no Ray or the others hang."""
        try:
            exports = await self._ask_all()
        except TimeoutError:
            log.warning("metrics_of_one_replica", reason="the others do not answer")
            exports = []
        return generate_latest(_Merged(exports)) if exports else self._own.render()


@dataclass(frozen=True, slots=True)
class _Merged:
    """Stands in for a registry: the families of all replicas, each once, its samples told apart."""

    exports: list[Export]

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for export in self.exports:
            for of_one in export.families:
                family = families.setdefault(of_one.name, Metric(of_one.name, of_one.documentation, of_one.type))
                for sample in of_one.samples:
                    labels = {REPLICA_LABEL: export.replica, **sample.labels}
                    family.samples.append(sample._replace(labels=labels))
        yield from families.values()
