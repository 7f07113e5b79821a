"""A real service whose replicas come and go under a moving load: every paper counted, every replica noted."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from ray.serve import Application

from loadtest.scale import cluster
from loadtest.scale.autoscaler import Rule
from loadtest.scale.callers import Callers
from loadtest.scale.shapes import Shape, arrivals
from loadtest.scale.simulation import Model, Run, simulate
from loadtest.simulated import build_simulated
from serve.settings import Scaling, Settings

MODELS = ("Classifier", "Tagger")


class Wave(BaseModel):
    """A load, the models under it, and the rule by which their replicas come and go."""

    shape: Shape
    model: Model
    rule: Rule
    for_s: float = Field(gt=0)
    tokens_per_paper: int = 400
    nodes: int = 2
    port: int = 8138

    def application(self) -> Application:
        tokens_per_s = self.model.papers_per_s * self.tokens_per_paper
        return build_simulated(_settings(self), tokens_per_s=tokens_per_s, start_s=self.model.start_s)

    def simulated(self) -> Run:
        """The same without Ray."""
        return simulate(self.model, self.rule, self.shape, for_s=self.for_s)


class Moment(BaseModel):
    """What ran at a time: replicas of each model that take calls."""

    at_s: float
    offered_per_s: float
    replicas: dict[str, int]


class Outcome(BaseModel):
    """What became of the papers, and how the replicas moved."""

    sent: int
    answered: int
    refused: int
    failed: int
    lost: int = Field(description="Papers of which nothing was heard again.")
    duplicated: int
    errors: dict[str, int]
    moments: list[Moment]

    def most(self, model: str) -> int:
        return max(moment.replicas.get(model, 0) for moment in self.moments)


def run(wave: Wave) -> Outcome:
    """Start a cluster, let the load come, and take the cluster down."""
    with cluster.nodes(wave.nodes, port=wave.port):
        cluster.deploy(wave.application())
        return asyncio.run(_drive(wave))


async def _drive(wave: Wave) -> Outcome:
    callers = Callers(f"http://127.0.0.1:{wave.port}", papers=wave.model.papers_per_call, tokens=wave.tokens_per_paper)
    moments: list[Moment] = []
    watching = asyncio.create_task(_watch(wave, moments))
    await callers.arrive(arrivals(wave.shape.at, wave.model.papers_per_call, for_s=wave.for_s))
    watching.cancel()
    ledger = callers.ledger
    return Outcome(
        sent=ledger.sent,
        answered=ledger.answered,
        refused=ledger.refused,
        failed=ledger.failed,
        lost=ledger.lost,
        duplicated=ledger.duplicated,
        errors=dict(ledger.errors),
        moments=moments,
    )


async def _watch(wave: Wave, moments: list[Moment]) -> None:
    began_s = time.monotonic()
    while True:
        now_s = time.monotonic() - began_s
        running: Mapping[str, int] = await asyncio.to_thread(cluster.replicas)
        replicas = {model: running.get(model, 0) for model in MODELS}
        offered_per_s = wave.shape.at(now_s) if now_s < wave.for_s else 0.0
        moments.append(Moment(at_s=now_s, offered_per_s=offered_per_s, replicas=replicas))
        await asyncio.sleep(1)


def _settings(wave: Wave) -> Settings:
    """The profile with the wave's rule for both models."""
    settings = Settings()
    scaling = Ruled(
        **{**settings.classifier.scaling.model_dump(), "cpus": 1}, rule=wave.rule, grace_s=wave.model.grace_s
    )
    assert settings.extractor.tagger is not None
    tagger = settings.extractor.tagger.model_copy(update={"scaling": scaling})
    return settings.model_copy(
        update={
            "classifier": settings.classifier.model_copy(update={"scaling": scaling}),
            "extractor": settings.extractor.model_copy(update={"tagger": tagger}),
            "pipeline": settings.pipeline.model_copy(
                update={"max_tokens_in_flight": wave.model.max_papers * wave.tokens_per_paper}
            ),
            "cache": settings.cache.model_copy(update={"enabled": False}),
        }
    )


class Ruled(Scaling):
    """Replicas that come and go by a rule, whatever else the settings say."""

    rule: Rule
    grace_s: float

    def deployment_options(self) -> dict[str, Any]:
        return {
            **super().deployment_options(),
            "max_ongoing_requests": self.rule.max_ongoing_requests,
            "graceful_shutdown_timeout_s": self.grace_s,
            "autoscaling_config": self.rule.model_dump(exclude={"max_ongoing_requests"}),
        }
