"""What the HTTP routes call: admission, deadline, pipeline and metrics around the papers of one request."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from pubserve.contract import DEFAULT_TASKS, Failure, ModelNames, Paper, Task, Usage
from serve.admission import Admission
from serve.ask import Ask
from serve.cache import cache_of
from serve.cached_models import CachedModels
from serve.clock import RequestClock
from serve.deadline import until_deadline
from serve.errors import ServiceError, Unavailable
from serve.jobs import Job, job_from
from serve.metrics import Metrics
from serve.papers import UnusablePaper
from serve.pipeline import Models, PaperDone, Pipeline
from serve.settings import Settings
from serve.text.document import Document
from serve.turns import Turn

READY_CHECK_TIMEOUT_S = 10.0

WARM_UP = Paper(id="warm-up", title="Warm-up", abstract="A case of asthma was seen.")


class Engines(Models, Protocol):
    """The two models, and the extractor's engine as an OpenAI server."""

    def openai(self, kind: str, body: dict[str, Any]) -> AsyncGenerator[str | dict[str, Any], None]:
        """Pieces of the engine's answer; see `serve.extractor.engine.Engine.openai`."""


class Service:
    """One ingress replica's state. Everything runs on its event loop."""

    def __init__(self, settings: Settings, engines: Engines) -> None:
        self.settings = settings
        self.engines = engines
        self.metrics = Metrics()
        limits = settings.pipeline
        retry_after_max_s = settings.http.retry_after_max_s
        self.papers = Admission(
            limits.max_tokens_in_flight,
            unit="tokens",
            retry_after_max_s=retry_after_max_s,
            bulk_share=limits.bulk_share,
        )
        self.chats = Admission(limits.max_chats_in_flight, unit="requests", retry_after_max_s=retry_after_max_s)
        self.metrics.in_flight.labels("tokens").set_function(lambda: self.papers.in_flight)
        self.metrics.in_flight.labels("chats").set_function(lambda: self.chats.in_flight)
        self.metrics.in_flight_limit.labels("tokens").set(self.papers.limit)
        self.metrics.in_flight_limit.labels("chats").set(self.chats.limit)
        models = CachedModels(engines, cache_of(settings.cache), self.metrics) if settings.cache.enabled else engines
        self._pipeline = Pipeline(models, limits)
        self.drained = asyncio.Event()
        """Set when the service drains, for what works in the background."""
        self._warm_up: asyncio.Task[None] | None = None
        self._names: ModelNames | None = None

    @property
    def in_flight(self) -> int:
        return self.papers.in_flight + self.chats.in_flight

    def drain(self) -> None:
        """Refuse new work; what was admitted is finished."""
        self.papers.draining = self.chats.draining = True
        self.drained.set()

    async def ready(self) -> ModelNames:
        """Both models answer: the first time with a real paper, later by name, so that load does not look like death.

        Models that may scale to zero are not asked again: being asked whether they are there would keep them there.

        Raises:
            Unavailable: one of them does not answer, or the service is draining.
        """
        try:
            names = await self._names_of_those_who_answer()
        except Unavailable:
            self.metrics.ready.set(0)
            raise
        self.metrics.ready.set(1)
        return names

    async def _names_of_those_who_answer(self) -> ModelNames:
        if self.papers.draining:
            raise Unavailable("The service is shutting down.", retry_after_s=5)
        if self._warm_up is None:
            self._warm_up = asyncio.create_task(self._read_warm_up())
        try:
            async with asyncio.timeout(READY_CHECK_TIMEOUT_S):
                # However long it takes, it goes on: asked again and again, a slow machine is ready in the end.
                await asyncio.shield(self._warm_up)
                if self._names is None or not self.settings.may_scale_to_zero:
                    self._names = await self.engines.names()
                return self._names
        except TimeoutError:
            raise Unavailable("The models are loading or do not answer.", retry_after_s=5) from None
        finally:
            if self._warm_up.done() and (self._warm_up.cancelled() or self._warm_up.exception()):
                self._warm_up = None

    async def _read_warm_up(self) -> None:
        """Raises `Unavailable` where the paper cannot be read."""
        [jobs, _] = self.jobs([WARM_UP])
        async for done in self._pipeline.run(jobs, DEFAULT_TASKS, Turn(), RequestClock()):
            if isinstance(done.result, Failure):
                raise Unavailable(done.result.error.message, retry_after_s=5)

    def run(
        self, papers: Sequence[Paper | UnusablePaper], tasks: Collection[Task], ask: Ask
    ) -> AsyncGenerator[PaperDone, None]:
        """Yield every paper of a request once, unusable ones first, the others as they are done.

        Raises:
            TooBusy, Unavailable: not admitted.
            DeadlineExceeded: some papers are not done; the caller decides what becomes of those that are.
        """
        return self.run_jobs(*self.jobs(papers), tasks, ask)

    async def run_jobs(
        self, jobs: Sequence[Job], failures: Sequence[PaperDone], tasks: Collection[Task], ask: Ask
    ) -> AsyncGenerator[PaperDone, None]:
        """The same for what `jobs` made of the papers, of one request or of several that travel together."""
        tokens = {job.index: job.document.estimated_tokens for job in jobs}
        turn = ask.turn(len(jobs) + len(failures), interactive_papers=self.settings.pipeline.interactive_papers)
        try:
            with (
                self.papers.admit(sum(tokens.values()), priority=turn.priority, deadline_s=ask.deadline_s) as held,
                self.metrics.in_flight.labels("requests").track_inprogress(),
                self.metrics.answer_seconds.labels(turn.priority.name.lower()).time(),
            ):
                await ask.pay(sum(tokens.values()))
                ask.clock.admitted()
                for failure in failures:
                    self.metrics.observe(failure)
                    yield failure
                work = self._pipeline.run(jobs, tasks, turn, ask.clock)
                async with aclosing(until_deadline(ask.deadline_s, work)) as results:
                    async for done in results:
                        held.done(tokens[done.index])
                        self.metrics.observe(done)
                        yield done
        except ServiceError as refusal:
            if refusal.retry_after_s is not None:
                self.metrics.refused.labels(refusal.code).inc()
            raise

    def jobs(self, papers: Sequence[Paper | UnusablePaper]) -> tuple[list[Job], list[PaperDone]]:
        """The papers of one request that can be read, and failures for those that cannot. Reads settings only."""
        jobs: list[Job] = []
        failures: list[PaperDone] = []
        seen: set[str] = set()
        for index, paper in enumerate(papers):
            if isinstance(paper, UnusablePaper):
                failures.append(PaperDone(index, paper.failure(index)))
                continue
            warnings = ["duplicate_id"] if paper.id in seen else []
            seen.add(paper.id)
            document = Document.from_caller(
                paper.title, paper.abstract, max_field_chars=self.settings.pipeline.max_field_chars
            )
            try:
                jobs.append(job_from(index, paper, document, warnings=warnings))
            except ServiceError as error:
                failures.append(PaperDone(index, Failure(abstract_id=paper.id, error=error.body)))
        return jobs, failures


def usage_of(done: Sequence[PaperDone]) -> Usage:
    """What the papers of one request cost."""
    prompt = sum((d.labels.tokens if d.labels else 0) + (d.diseases.prompt_tokens if d.diseases else 0) for d in done)
    completion = sum(d.diseases.completion_tokens for d in done if d.diseases)
    failed = sum(isinstance(d.result, Failure) for d in done)
    return Usage(
        papers=len(done), failed=failed, prompt_tokens=prompt, completion_tokens=completion,
        total_tokens=prompt + completion,
    )  # fmt: skip
