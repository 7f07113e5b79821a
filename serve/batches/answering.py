"""Lines of a batch through the service: with papers of many lines in one run, and waiting where it has no place."""

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from pubserve.contract import Failure, Task
from serve.ask import Ask, Pay, free
from serve.batches.lines import Line
from serve.batches.records import Answer, answered, refused
from serve.batches.requests import EngineRequest, PapersRequest, request_of
from serve.chats import engine_pieces
from serve.deadline import until_deadline
from serve.errors import InternalError, QuotaExceeded, ServiceError, TooBusy, Unavailable
from serve.jobs import Job
from serve.logs import log
from serve.pipeline import PaperDone
from serve.service import Service
from serve.turns import Priority

Keep = Callable[[Answer], None]

_TRANSIENT = (TooBusy, Unavailable)
_TRANSIENT_TYPES = frozenset(kind.type for kind in _TRANSIENT)
_WAIT_S = 2.0
QUOTA_LOOK_S = 30.0
"""A quota is looked at again after that at the latest: whoever runs the service may have changed it."""


@dataclass(slots=True)
class _Open:
    """A line whose papers are to be read."""

    line: Line
    request: PapersRequest
    jobs: list[Job]
    failures: list[PaperDone]
    done: list[PaperDone] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        return sum(job.document.estimated_tokens for job in self.jobs)

    @property
    def is_whole(self) -> bool:
        return len(self.done) == len(self.request.papers)


@dataclass(slots=True)
class _Run:
    """Papers of several lines for the same tasks. Their index is their place in it; `places` says whose they are."""

    jobs: list[Job] = field(default_factory=list)
    failures: list[PaperDone] = field(default_factory=list)
    places: list[tuple[_Open, int]] = field(default_factory=list)

    def add(self, opened: _Open) -> None:
        first = len(self.places)
        self.jobs += [replace(job, index=first + job.index) for job in opened.jobs]
        self.failures += [replace(failure, index=first + failure.index) for failure in opened.failures]
        self.places += [(opened, place) for place in range(len(opened.request.papers))]


_Runs = defaultdict[frozenset[Task], _Run]


@dataclass(slots=True)
class _Work:
    """Lines by how they are answered: papers that travel together, chats one by one, and what is wrong at once."""

    papers: list[_Open] = field(default_factory=list)
    chats: list[tuple[Line, EngineRequest]] = field(default_factory=list)
    wrong: list[Answer] = field(default_factory=list)


class Answering:
    """Answers lines of one batch, all of which are for one endpoint.

    What they ask goes behind what is interactive, and shares the rest as `caller`. Papers have no deadline but the
    batch's own. `pay` counts tokens before they are read: where a quota is used up, lines wait until there is more.
    """

    def __init__(self, service: Service, *, batch_id: str, endpoint: str, caller: str, pay: Pay = free) -> None:
        self._service = service
        self._batch_id = batch_id
        self._endpoint = endpoint
        self._caller = caller
        self._pay = pay
        self._chats = asyncio.Semaphore(service.settings.batches.chats_in_flight)

    async def answer(self, lines: Sequence[Line], keep: Keep) -> None:
        """Call `keep` once for each line, as soon as its answer is there. What was not kept when this is cancelled
        is abandoned in the models."""
        work = await asyncio.to_thread(self._sorted, lines)
        for answer in work.wrong:
            keep(answer)
        async with asyncio.TaskGroup() as group:
            for line, request in work.chats:
                group.create_task(self._chat(line, request, keep))
            async for runs in self._affordable(work.papers, keep):
                for tasks, run in runs.items():
                    group.create_task(self._read(run, tasks, keep))

    def _sorted(self, lines: Iterable[Line]) -> _Work:
        work = _Work()
        for line in lines:
            try:
                request = request_of(self._service, self._endpoint, line.body)
            except ServiceError as error:
                work.wrong.append(refused(self._batch_id, line, error))
                continue
            if isinstance(request, PapersRequest):
                work.papers.append(_Open(line, request, *self._service.jobs(request.papers)))
            else:
                work.chats.append((line, request))
        return work

    async def _affordable(self, papers: Iterable[_Open], keep: Keep) -> AsyncGenerator[_Runs, None]:
        """All lines that the quota allows, as soon as it does, in runs by their tasks; others are refused."""
        runs: _Runs = defaultdict(_Run)
        for opened in papers:
            try:
                while (wait_s := await self._wait_to_pay(opened.tokens)) is not None:
                    if runs:  # what is paid for does not wait for what is not
                        yield runs
                        runs = defaultdict(_Run)
                    await asyncio.sleep(wait_s)
            except ServiceError as error:
                keep(refused(self._batch_id, opened.line, error))
            else:
                runs[opened.request.tasks].add(opened)
        if runs:
            yield runs

    async def _wait_to_pay(self, tokens: int) -> float | None:
        """None if it is paid, else in how many seconds to try again."""
        try:
            await self._pay(tokens)
        except QuotaExceeded as refusal:
            wait_s = min(refusal.retry_after_s or _WAIT_S, QUOTA_LOOK_S)
            log.info("batch_waits_for_quota", batch=self._batch_id, wait_s=wait_s)
            return wait_s
        return None

    async def _read(self, run: _Run, tasks: Collection[Task], keep: Keep) -> None:
        async for done in self._until_read(run, tasks):
            opened, place = run.places[done.index]
            opened.done.append(replace(done, index=place))
            if opened.is_whole:
                in_order = sorted(opened.done, key=lambda paper: paper.index)
                try:
                    keep(answered(self._batch_id, opened.line, opened.request.answer(in_order)))
                except ServiceError as error:
                    keep(refused(self._batch_id, opened.line, error))

    async def _until_read(self, run: _Run, tasks: Collection[Task]) -> AsyncGenerator[PaperDone, None]:
        """Every paper once. Those that there was no place for are tried again."""
        jobs = {job.index: job for job in run.jobs}
        failures = {failure.index: failure for failure in run.failures}
        while jobs or failures:
            wait_s = _WAIT_S
            ask = Ask(deadline_s=math.inf, priority=Priority.BULK, caller=self._caller)
            results = self._service.run_jobs(list(jobs.values()), list(failures.values()), tasks, ask)
            try:
                async with aclosing(results):
                    async for done in results:
                        if not _is_transient(done):
                            jobs.pop(done.index, None)
                            failures.pop(done.index, None)
                            yield done
            except _TRANSIENT as refusal:
                wait_s = refusal.retry_after_s or _WAIT_S
            if jobs or failures:
                await asyncio.sleep(wait_s)

    async def _chat(self, line: Line, request: EngineRequest, keep: Keep) -> None:
        async with self._chats:
            while True:
                try:
                    return keep(answered(self._batch_id, line, await self._engine_answer(request)))
                except (*_TRANSIENT, QuotaExceeded) as refusal:
                    await asyncio.sleep(min(refusal.retry_after_s or _WAIT_S, QUOTA_LOOK_S))
                except ServiceError as error:
                    return keep(refused(self._batch_id, line, error))
                except Exception:
                    log.exception("batch_line_failed", batch=self._batch_id, line=line.number)
                    fault = InternalError("The service failed on this line; send it again.")
                    return keep(refused(self._batch_id, line, fault))

    async def _engine_answer(self, request: EngineRequest) -> dict[str, Any]:
        deadline_s = self._service.settings.http.default_deadline_s
        pieces = until_deadline(deadline_s, engine_pieces(self._service, request.call, request.body, self._pay))
        answer: Any = None
        async for piece in pieces:
            answer = piece
        return answer


def _is_transient(done: PaperDone) -> bool:
    return isinstance(done.result, Failure) and done.result.error.type in _TRANSIENT_TYPES
