"""Prometheus metrics of a worker, on a port of their own. Labels are bounded: reasons and outcomes, never ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from streams.broker import Backlog

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_PAPERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)


class WorkerMetrics:
    """One set of instruments; tests make their own, a worker has one."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.settled = Counter(
            "pubserve_worker_messages",
            "Messages settled: answered, repeated (the output has the answer already), or dead.",
            ["outcome"], registry=registry,
        )  # fmt: skip
        self.dead_letters = Counter("pubserve_worker_dead_letters", "Dead letters.", ["reason"], registry=registry)
        self.retries = Counter(
            "pubserve_worker_retries", "Waits before something was tried again.", ["cause"], registry=registry
        )
        self.batch_papers = Histogram(
            "pubserve_worker_batch_papers", "Papers of a batch.", buckets=_PAPERS, registry=registry
        )
        self.batch_seconds = Histogram(
            "pubserve_worker_batch_seconds", "From a batch's first request until all in it is settled.",
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.held = Gauge(
            "pubserve_worker_held", "Messages that this worker has read and not settled.", registry=registry
        )
        self.lag = Gauge(
            "pubserve_worker_lag",
            "Messages that no worker of the group has read: `sum(max by (partition) (…))` is all of them.",
            ["partition"], registry=registry,
        )  # fmt: skip
        self.pending = Gauge(
            "pubserve_worker_pending", "Messages that the group has read and not settled, likewise.",
            ["partition"], registry=registry,
        )  # fmt: skip
        self._known: dict[Gauge, set[str]] = {self.lag: set(), self.pending: set()}

    def observe(self, backlog: Backlog) -> None:
        """Record how far the group is behind."""
        for gauge, by_partition in ((self.lag, backlog.lag), (self.pending, backlog.pending)):
            for partition, messages in by_partition.items():
                gauge.labels(partition).set(messages)
            for gone in self._known[gauge] - by_partition.keys():  # another worker's now, or not known any more
                gauge.remove(gone)
            self._known[gauge] = set(by_partition)

    def serve(self, host: str, port: int) -> int:
        """Answer Prometheus in a thread, on the port that is returned: `port`, or a free one for 0."""
        server, _ = start_http_server(port, host, self.registry)
        return int(server.server_port)
