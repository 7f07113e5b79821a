"""What `GET /v1/status` says: the service at a glance, for a page or a terminal to show."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from pydantic import Field

from pubserve.contract import ModelNames, Wire
from serve.deployments import Deployments, DeploymentStatus
from serve.errors import ServiceError
from serve.figures import by_label, means_by_label, quantiles_by_label, total
from serve.metrics import Metrics
from serve.service import Service
from serve.throughput import Throughput

SAMPLE_EVERY_S = 1.0
READY_WITHIN_S = 2.0

_NOT_WORK = frozenset({"unmatched", "/", "/web/{path:path}", "/healthz", "/readyz", "/metrics", "/v1/status"})
"""Routes of those who look, and of nobody."""


class PaperCounts(Wire):
    """Papers since this replica of the ingress started."""

    tokens_in_flight: int = Field(ge=0, description="Of papers admitted and not yet answered, estimated.")
    tokens_limit: int = Field(ge=0, description="As many as may be in flight; more are refused with 429.")
    answered: int = Field(ge=0, description="Papers that were read.")
    failed: int = Field(ge=0, description="Papers answered with an error of their own.")
    per_s: float = Field(ge=0, description="Papers answered or failed per second, over the last minute.")


class RequestShares(Wire):
    """Requests for work since this replica of the ingress started, and how many of them went badly, from 0 to 1."""

    answered: int = Field(ge=0)
    error_ratio: float = Field(ge=0, le=1, description="Answered with 5xx, refusals aside.")
    refused_ratio: float = Field(ge=0, le=1, description="Refused with 429 or 503.")


class Status(Wire):
    """The service as the answering replica of its ingress sees it. Counts are since that replica started."""

    ready: bool = Field(description="Both models answer.")
    reason: str | None = Field(default=None, description="Why it is not ready.")
    version: str = Field(examples=["0.1.0"])
    uptime_s: float = Field(ge=0)
    models: ModelNames = Field(default=ModelNames(), description="Null while the service is not ready.")
    deployments: list[DeploymentStatus] = Field(description="Empty where the service runs without Ray.")
    papers: PaperCounts
    requests: RequestShares
    answer_p50_s: dict[str, float] = Field(
        description="Time to answer all papers of a request, by priority: the median.", examples=[{"interactive": 0.08}]
    )
    answer_p95_s: dict[str, float] = Field(
        description="Of the same, the 95th percentile.", examples=[{"interactive": 0.21, "bulk": 41.0}]
    )
    cache_hit_ratio: float | None = Field(default=None, description="Of readings, how many were remembered.")
    refused: dict[str, int] = Field(description="Requests refused at the door, by code.", examples=[{"too_busy": 3}])
    paper_errors: dict[str, int] = Field(
        description="Papers answered with an error, by code.", examples=[{"unreadable_paper": 1}]
    )
    stage_mean_s: dict[str, float] = Field(
        description="Mean time of the work on a paper, by stage.", examples=[{"classify": 0.03, "extract": 0.04}]
    )


class StatusBoard:
    """Puts the status of one service together. Lives on its event loop."""

    def __init__(self, service: Service, deployments: Deployments | None = None) -> None:
        self._service = service
        self._deployments = deployments or Deployments()
        self._started_s = time.monotonic()
        self._throughput = Throughput(lambda: sum(by_label(service.metrics.papers).values()))

    @asynccontextmanager
    async def sampling(self) -> AsyncIterator[None]:
        """Watch the throughput for the length of the block, whether or not anyone asks."""
        sampler = asyncio.create_task(self._sample())
        try:
            yield
        finally:
            sampler.cancel()
            with suppress(asyncio.CancelledError):
                await sampler

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_EVERY_S)
            self._throughput.sample()

    async def read(self) -> Status:
        """The status of now. Answers within a few seconds, also where models or Ray do not."""
        (models, reason), deployments = await asyncio.gather(self._models(), self._deployments.read())
        self._throughput.sample()
        metrics, papers = self._service.metrics, self._service.papers
        outcomes = by_label(metrics.papers)
        return Status(
            ready=models is not None,
            reason=reason,
            version=version("pubserve-service"),
            uptime_s=round(time.monotonic() - self._started_s, 1),
            models=models or ModelNames(),
            deployments=deployments,
            papers=PaperCounts(
                tokens_in_flight=papers.in_flight,
                tokens_limit=papers.limit,
                answered=outcomes.get("ok", 0),
                failed=outcomes.get("failed", 0),
                per_s=round(self._throughput.per_s, 3),
            ),
            requests=_shares(metrics),
            answer_p50_s=quantiles_by_label(metrics.answer_seconds, 0.5),
            answer_p95_s=quantiles_by_label(metrics.answer_seconds, 0.95),
            cache_hit_ratio=_ratio(
                total(metrics.cache, lambda labels: labels["outcome"] == "hit"), total(metrics.cache)
            ),
            refused=by_label(metrics.refused),
            paper_errors=by_label(metrics.paper_errors),
            stage_mean_s=means_by_label(metrics.stage_seconds),
        )

    async def _models(self) -> tuple[ModelNames | None, str | None]:
        """The models, or why they do not answer."""
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                return await self._service.ready(), None
        except ServiceError as error:
            return None, error.message
        except TimeoutError:
            return None, "The models are loading or do not answer."


def _shares(metrics: Metrics) -> RequestShares:
    def answered(*statuses: str) -> float:
        """So many requests for work; with statuses, of those."""
        return total(
            metrics.requests,
            lambda labels: labels["route"] not in _NOT_WORK and labels["status"].startswith(statuses or ""),
        )

    everything, unavailable = answered(), answered("503")
    return RequestShares(
        answered=int(everything),
        error_ratio=_ratio(answered("5") - unavailable, everything) or 0.0,
        refused_ratio=_ratio(answered("429") + unavailable, everything) or 0.0,
    )


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole else None
