"""Papers through both models at the same time, many in one actor call, results as they come."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pubserve.contract import Failure, ModelNames, Result, Task
from serve import tracing
from serve.assembly import Readings, assemble
from serve.clock import RequestClock
from serve.errors import InternalError, ServiceError
from serve.jobs import Job
from serve.logs import log
from serve.parsing import PARSED_TASKS, Parsed, parse
from serve.settings import PipelineSettings
from serve.stages import DiseaseReading, LabelReading, StageFailure
from serve.text.document import Document
from serve.turns import Turn

Stage = Callable[[], Awaitable[None]]
DiseaseReadings = AsyncGenerator[tuple[int, DiseaseReading | StageFailure], None]


class Models(Protocol):
    """The two models, wherever they run."""

    async def classify(self, documents: Sequence[Document], turn: Turn) -> list[LabelReading]:
        """One reading per document, in order."""

    def extract(self, documents: Sequence[Document], turn: Turn) -> DiseaseReadings:
        """`(index, reading)` in any order; closing the iterator abandons what is unread."""

    async def names(self) -> ModelNames:
        """`name@revision` of both."""


@dataclass(frozen=True, slots=True)
class PaperDone:
    """A result, its place in the request, and the readings behind it (for metrics and usage)."""

    index: int
    result: Result
    labels: LabelReading | None = None
    diseases: DiseaseReading | None = None


class Pipeline:
    """Runs the papers of one request. Holds no state between requests but the names of the models."""

    def __init__(self, models: Models, settings: PipelineSettings) -> None:
        self._models = models
        self._settings = settings
        self._names: ModelNames | None = None

    async def run(
        self, jobs: Sequence[Job], tasks: Collection[Task], turn: Turn, clock: RequestClock
    ) -> AsyncGenerator[PaperDone, None]:
        """Yield each paper when all its tasks are done, in the order of completion. What it took is marked on `clock`.

        Closing the iterator cancels what is under way in both models. A stage that fails fails the papers of its
        call, never their neighbours in other calls.
        """
        started_s = time.monotonic()
        names = self._names = self._names or await self._models.names()
        done: asyncio.Queue[PaperDone | None] = asyncio.Queue()
        places = asyncio.Semaphore(self._settings.chunks_in_flight)
        request = _Request(tasks, turn, clock, names, started_s, done)
        chunks = [_Chunk(self._models, part, request) for part in self._parts(jobs)]
        runner = asyncio.create_task(_run_all(chunks, places))
        runner.add_done_callback(lambda _: done.put_nowait(None))
        try:
            while paper := await done.get():
                yield paper
            await runner  # raises what went wrong in the pipeline itself, if anything did
        finally:
            runner.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await runner

    def _parts(self, jobs: Sequence[Job]) -> Iterator[list[Job]]:
        """Jobs that travel together: neighbours, within the limits on papers and characters of one actor call."""
        part: list[Job] = []
        chars = 0
        for job in jobs:
            too_long = chars + job.document.chars > self._settings.chunk_chars
            if part and (too_long or len(part) == self._settings.chunk_papers):
                yield part
                part, chars = [], 0
            part.append(job)
            chars += job.document.chars
        if part:
            yield part


async def _run_all(chunks: Sequence["_Chunk"], places: asyncio.Semaphore) -> None:
    async def run_one(chunk: "_Chunk") -> None:
        async with places:
            await chunk.run()

    async with asyncio.TaskGroup() as group:
        for chunk in chunks:
            group.create_task(run_one(chunk))


@dataclass(frozen=True, slots=True)
class _Request:
    """What the chunks of one request share."""

    tasks: Collection[Task]
    turn: Turn
    clock: RequestClock
    names: ModelNames
    started_s: float
    done: asyncio.Queue[PaperDone | None]


class _Chunk:
    """Papers that travel together. Puts each on `done` exactly once, as a result or as a failure."""

    def __init__(self, models: Models, jobs: Sequence[Job], request: _Request) -> None:
        self._models = models
        self._jobs = jobs
        self._request = request
        stages: dict[Stage, Collection[Task]] = {
            self._classify: {Task.LABELS},
            self._extract: {Task.DISEASES, Task.TOPICS},  # the areas of a paper are those of its diseases
            self._parse: PARSED_TASKS,
        }
        self._stages = [stage for stage, needed in stages.items() if not set(needed).isdisjoint(request.tasks)]
        self._labels: dict[int, LabelReading] = {}
        self._diseases: dict[int, DiseaseReading] = {}
        self._parsed: dict[int, Parsed] = {}
        self._stages_left = {place: len(self._stages) for place in range(len(jobs))}
        self._waited_ms = 0.0

    async def run(self) -> None:
        self._waited_ms = (time.monotonic() - self._request.started_s) * 1e3
        async with asyncio.TaskGroup() as group:
            for stage in self._stages:
                group.create_task(self._guard(stage))

    async def _guard(self, stage: Any) -> None:
        try:
            with tracing.span(stage.__name__.strip("_"), papers=len(self._jobs)):
                await stage()
        except Exception as error:
            log.exception("stage_failed", stage=stage.__name__.strip("_"), papers=len(self._jobs))
            wire = (
                error if isinstance(error, ServiceError) else InternalError("The service failed on this paper; retry.")
            )
            for place in list(self._stages_left):
                self._fail(place, wire)

    async def _classify(self) -> None:
        documents = [job.document for job in self._jobs]
        for place, reading in enumerate(await self._models.classify(documents, tracing.carried(self._request.turn))):
            self._request.clock.stage_answered("classify", reading.work_ms)
            self._labels[place] = reading
            self._stage_done(place)

    async def _extract(self) -> None:
        readings = self._models.extract([job.document for job in self._jobs], tracing.carried(self._request.turn))
        async with contextlib.aclosing(readings):
            async for place, reading in readings:
                if isinstance(reading, StageFailure):
                    self._fail(place, InternalError(reading.message, code=reading.code))
                else:
                    self._request.clock.stage_answered("extract", reading.work_ms)
                    self._diseases[place] = reading
                    self._stage_done(place)

    async def _parse(self) -> None:
        started_s = time.monotonic()
        parsed = await asyncio.to_thread(lambda: [parse(job.document, self._request.tasks) for job in self._jobs])
        self._request.clock.stage_answered("parse", (time.monotonic() - started_s) * 1e3)
        for place, of_paper in enumerate(parsed):
            self._parsed[place] = of_paper
            self._stage_done(place)

    def _stage_done(self, place: int) -> None:
        if place not in self._stages_left:
            return  # failed in the other stage
        self._stages_left[place] -= 1
        if self._stages_left[place] == 0:
            del self._stages_left[place]
            job, labels, diseases = self._jobs[place], self._labels.get(place), self._diseases.get(place)
            readings = Readings(labels, diseases, self._parsed.get(place))
            result = assemble(job, readings, self._request.tasks, names=self._request.names, waited_ms=self._waited_ms)
            self._request.done.put_nowait(PaperDone(job.index, result, labels, diseases))

    def _fail(self, place: int, error: ServiceError) -> None:
        if self._stages_left.pop(place, None) is not None:
            tracing.event("paper_failed", code=error.code)
            job = self._jobs[place]
            self._request.done.put_nowait(PaperDone(job.index, Failure(abstract_id=job.paper.id, error=error.body)))
