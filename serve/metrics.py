"""Prometheus metrics, all recorded by the ingress from the readings that come back with each paper.

Labels are bounded: route templates, stages and error codes, never ids or text.
"""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from pubserve.contract import Failure
from serve.pipeline import PaperDone
from serve.stages import BatchStats
from serve.turns import Priority

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_TOKENS = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)


class Metrics:
    """One set of instruments; tests make their own, a replica has one."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter("pubserve_requests", "Answered HTTP requests.", ["route", "status"], registry=registry)
        self.request_seconds = Histogram(
            "pubserve_request_seconds", "From first byte in to last byte out.", ["route"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.papers = Counter("pubserve_papers", "Papers answered.", ["outcome"], registry=registry)
        self.paper_errors = Counter("pubserve_paper_errors", "Papers not read.", ["code"], registry=registry)
        self.warnings = Counter("pubserve_paper_warnings", "Warnings on papers.", ["warning"], registry=registry)
        self.labels = Counter("pubserve_labels", "Labels given.", ["label"], registry=registry)
        self.stage_seconds = Histogram(
            "pubserve_stage_seconds", "Work on a paper, by stage.", ["stage"], buckets=_SECONDS, registry=registry
        )
        self.stage_queue_seconds = Histogram(
            "pubserve_stage_queue_seconds", "Wait of a paper before a stage.", ["stage"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.answer_seconds = Histogram(
            "pubserve_answer_seconds", "From admission until every paper of a request is answered, by its priority.",
            ["priority"], buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        for priority in Priority:  # there before the first: growth from nothing is not seen
            self.answer_seconds.labels(priority.name.lower())
        self.batch_tokens = Histogram(
            "pubserve_batch_tokens", "Tokens of a forward pass with its padding.", ["stage"],
            buckets=_TOKENS, registry=registry,
        )  # fmt: skip
        self.batch_rows = Histogram(
            "pubserve_batch_rows", "Rows of a forward pass: a paper, or a part of one.", ["stage"],
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256), registry=registry,
        )  # fmt: skip
        self.batch_padding = Histogram(
            "pubserve_batch_padding_ratio", "Share of a forward pass that is padding, from 0 to 1.", ["stage"],
            buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1), registry=registry,
        )  # fmt: skip
        self.tokens = Counter("pubserve_tokens", "Tokens read and written.", ["stage", "kind"], registry=registry)
        self.mentions = Counter("pubserve_mentions", "Grounded mentions returned.", registry=registry)
        self.ungrounded = Counter("pubserve_ungrounded_names", "Names dropped: not in the text.", registry=registry)
        self.cache = Counter(
            "pubserve_cache_lookups", "Readings looked for in the cache.", ["stage", "outcome"], registry=registry
        )
        self.in_flight = Gauge("pubserve_in_flight", "Admitted and not yet answered.", ["unit"], registry=registry)
        self.in_flight_limit = Gauge(
            "pubserve_in_flight_limit", "As many as may be in flight; more are refused.", ["unit"], registry=registry
        )
        self.ready = Gauge("pubserve_ready", "1 where both models answered when last asked, else 0.", registry=registry)
        self.batches = Gauge("pubserve_batches", "Batches, as every replica sees them.", ["status"], registry=registry)
        self.batch_lines = Counter("pubserve_batch_lines", "Lines of batches answered.", ["outcome"], registry=registry)
        self.refused = Counter("pubserve_refused", "Requests refused at the door.", ["code"], registry=registry)

    def render(self) -> bytes:
        """Prometheus text format."""
        return generate_latest(self.registry)

    def observe(self, done: PaperDone) -> None:
        """Record one finished paper."""
        if isinstance(done.result, Failure):
            self.papers.labels("failed").inc()
            self.paper_errors.labels(done.result.error.code).inc()
            return
        self.papers.labels("ok").inc()
        for warning in done.result.warnings:
            self.warnings.labels(warning).inc()
        if labels := done.labels:
            self._observe_stage("classify", labels.queue_ms, labels.work_ms)
            self.tokens.labels("classify", "prompt").inc(labels.tokens)
            for label in labels.predicted:
                self.labels.labels(label).inc()
            self._observe_batches("classify", labels.batches)
        if diseases := done.diseases:
            self._observe_stage("extract", diseases.queue_ms, diseases.work_ms)
            self._observe_batches("extract", diseases.batches)
            self.tokens.labels("extract", "prompt").inc(diseases.prompt_tokens)
            self.tokens.labels("extract", "completion").inc(diseases.completion_tokens)
            self.mentions.inc(len(diseases.mentions))
            self.ungrounded.inc(diseases.ungrounded)

    def _observe_stage(self, stage: str, queue_ms: float, work_ms: float) -> None:
        self.stage_queue_seconds.labels(stage).observe(queue_ms / 1e3)
        self.stage_seconds.labels(stage).observe(work_ms / 1e3)

    def _observe_batches(self, stage: str, batches: Sequence[BatchStats]) -> None:
        for batch in batches:
            self.batch_tokens.labels(stage).observe(batch.padded_tokens)
            self.batch_rows.labels(stage).observe(batch.rows)
            self.batch_padding.labels(stage).observe(batch.padding_share)
