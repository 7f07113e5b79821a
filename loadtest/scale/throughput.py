"""Throughput against replicas, with models of a stated speed, and what each part of the service costs on the way."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Literal

import psutil
from pydantic import BaseModel, Field

from loadtest.scale import cluster
from loadtest.scale.callers import Callers
from loadtest.scale.components import CALLERS, Use, memory_bytes, processor_time
from loadtest.simulated import build_simulated
from serve.settings import Settings

Models = Literal["both", "classifier"]
PATHS: dict[Models, str] = {"both": "/v1/analyze", "classifier": "/v1/classify"}
SHARED_PARTS = ("Ingress", "HTTP proxy", "Serve controller")
MEMORY_RESERVE = 0.1
"""Share of the host's memory that stays free."""


class Study(BaseModel):
    """What is measured, and how fast the models pretend to be."""

    models: Models = Field("both", description="Which models take part: a request goes through both, or one.")
    tokens_per_s: float = Field(1600.0, gt=0, description="Of each replica of each model.")
    tokens_per_paper: int = Field(400, gt=0)
    calls_per_replica: int = Field(3, gt=0, description="Calls in work or waiting for each replica, on average.")
    window_s: float = Field(30.0, gt=0, description="Length of the measurement, after as long as two calls take.")
    nodes: int = Field(4, gt=0)
    ingresses: int = Field(1, gt=0)
    port: int = 8137

    @property
    def papers_per_s(self) -> float:
        """Of one replica, if nothing but its model took time."""
        return self.tokens_per_s / self.tokens_per_paper


class Step(BaseModel):
    """One number of replicas of each model."""

    replicas: int
    papers_per_s: float
    efficiency: float = Field(description="Of replicas times what one replica got done in the first step.")
    of_stated: float = Field(description="Of replicas times the stated speed.")
    failed: int
    parts: dict[str, Use]

    @property
    def busiest(self) -> str:
        """The part with the process that is nearest to a full core."""
        return max((name for name in self.parts if name != CALLERS), key=lambda name: self.parts[name].busiest_cores)


def measure(study: Study, replicas: Sequence[int]) -> Iterator[Step]:
    """Steps as they are measured; fewer than asked where the memory of this host does not hold more.

    The first step is what the others are compared with: begin with one replica.
    """
    settings = Settings()
    one_replica: float | None = None
    with cluster.nodes(study.nodes, port=study.port):
        for count in replicas:
            if one_replica is not None and not _fits(study, count):
                return
            cluster.deploy(build_simulated(_with_replicas(settings, study, count), tokens_per_s=study.tokens_per_s))
            rate, failed, parts = asyncio.run(_window(study, settings.pipeline.chunk_papers, count))
            one_replica = one_replica or rate / count
            yield Step(
                replicas=count,
                papers_per_s=rate,
                efficiency=rate / (count * one_replica),
                of_stated=rate / (count * study.papers_per_s),
                failed=failed,
                parts=parts,
            )


class Ceiling(BaseModel):
    """A part of the service that takes every paper, and where one process of it has no more to give."""

    part: str
    processes: int
    ms_per_paper: float = Field(description="Processor time that one more paper costs.")
    papers_per_s: float = Field(description="Where the busiest process has a full core, in a straight line from here.")
    replicas: float = Field(description="Of each model at the stated speed that this many papers keep busy.")


def ceilings(study: Study, steps: Sequence[Step]) -> list[Ceiling]:
    """The parts that do not grow with the replicas, the one that gives out first at the head.

    A process of Python computes on one core. Empty if only one step was measured.
    """
    if len(steps) < 2:
        return []
    first, last = steps[0], steps[-1]
    papers = last.papers_per_s - first.papers_per_s
    found = []
    for part in SHARED_PARTS:
        before, after = first.parts[part], last.parts[part]
        per_paper = (after.busiest_cores - before.busiest_cores) / papers
        if per_paper <= 0:
            continue
        most = last.papers_per_s + (1 - after.busiest_cores) / per_paper
        found.append(
            Ceiling(
                part=part,
                processes=after.processes,
                ms_per_paper=(after.cores - before.cores) / papers * 1e3,
                papers_per_s=most,
                replicas=most / study.papers_per_s,
            )
        )
    return sorted(found, key=lambda ceiling: ceiling.papers_per_s)


async def _window(study: Study, papers: int, replicas: int) -> tuple[float, int, dict[str, Use]]:
    in_flight = study.calls_per_replica * replicas
    callers = Callers(
        f"http://127.0.0.1:{study.port}", papers=papers, tokens=study.tokens_per_paper, path=PATHS[study.models]
    )
    warm_s = (study.calls_per_replica + 1) * papers / study.papers_per_s
    load = asyncio.create_task(callers.keep(in_flight, for_s=warm_s + study.window_s))
    await asyncio.sleep(warm_s)
    began_s = time.monotonic()
    with processor_time() as watch:
        await asyncio.sleep(study.window_s)
    rate = callers.ledger.papers_per_s(began_s, time.monotonic())
    await load
    return rate, callers.ledger.failed + callers.ledger.refused, watch.parts


def _with_replicas(settings: Settings, study: Study, replicas: int) -> Settings:
    """So many replicas of each model, all the time, and an ingress that admits whatever is sent."""
    fixed = {"min_replicas": replicas, "max_replicas": replicas, "cpus": 1}
    other = fixed if study.models == "both" else {**fixed, "min_replicas": 1, "max_replicas": 1}
    return Settings(
        ingress={"min_replicas": study.ingresses, "max_replicas": study.ingresses},
        pipeline={"max_tokens_in_flight": 100_000_000},
        cache={"enabled": False},
        classifier={"scaling": fixed},
        extractor={"tagger": {"scaling": other}},
    )


def _fits(study: Study, replicas: int) -> bool:
    """Whether the replicas that are missing find room, each as large as those that are there."""
    sizes = memory_bytes()
    models = ("Classifier", "Tagger") if study.models == "both" else ("Classifier",)
    needed = sum((replicas - len(sizes[name])) * max(sizes[name]) for name in models)
    host = psutil.virtual_memory()
    return needed <= host.available - MEMORY_RESERVE * host.total
