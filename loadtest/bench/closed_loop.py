"""Requests in flight, always the same number of them: as soon as one is answered, the next one leaves.

The client shares the machine with what it measures, so it does little: bodies are made before the clock starts, and an
answer is read but not parsed. aiohttp parses HTTP in C and takes a fraction of the processor time that httpx takes.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import aiohttp

from loadtest.bench.measurement import WARM_UP_BUDGETS, Outcome

PATIENCE_S = 600.0
"""A peer that has answered nothing when its time is up gets so much longer for its first answer."""
PAUSE_S = 0.1
"""Who was refused waits so long: a peer that is full is not to be kept busy with refusing."""

PAPER_FAILED = b'"error":{'
"""How an answer of ours says that a paper in it could not be read."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, its body in JSON."""

    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """Some papers and the calls that read them, made at once; they are read when all calls are answered."""

    papers: int
    calls: Sequence[Call]


def drive(url: str, requests: Iterator[Request], *, concurrency: int, budget_s: float) -> Outcome:
    """Keep `concurrency` requests in flight, or all that are left: until so many are answered, though no longer than
    `WARM_UP_BUDGETS` times `budget_s`, as a warm-up, and for `budget_s` from then on.

    Raises:
        ValueError: nothing was answered.
    """
    return asyncio.run(_Loop(url, requests, budget_s).run(concurrency))


async def first_line_s(url: str, call: Call) -> float:
    """Seconds until the first line of a streamed answer; the rest is left unread, and the connection closed."""
    started_s = time.perf_counter()
    async with aiohttp.ClientSession(timeout=_NO_TIMEOUT) as session, _post(session, url, call) as response:
        response.raise_for_status()
        await response.content.readline()
        return time.perf_counter() - started_s


class _Loop:
    def __init__(self, url: str, requests: Iterator[Request], budget_s: float) -> None:
        self._url = url
        self._requests = requests
        self._budget_s = budget_s
        self._answers: list[tuple[float, float, int]] = []
        self._failed = 0
        self._started_s = 0.0
        self._ends_s = math.inf
        self._answered = asyncio.Event()
        self._turned_over = asyncio.Event()

    async def run(self, concurrency: int) -> Outcome:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=_NO_TIMEOUT, auto_decompress=False
        ) as session:
            cpu_s = time.thread_time()
            self._started_s = time.perf_counter()
            workers = [asyncio.create_task(self._work(session, concurrency)) for _ in range(concurrency)]
            await _until(self._turned_over, workers, WARM_UP_BUDGETS * self._budget_s)
            warm_s = time.perf_counter()
            self._ends_s = warm_s + self._budget_s
            await asyncio.wait(workers, timeout=self._budget_s)
            await _until(self._answered, workers, PATIENCE_S)
            lasted_s = time.perf_counter() - self._started_s
            abandoned = sum(not worker.done() for worker in workers)
            for worker in workers:
                worker.cancel()
            ended = await asyncio.gather(*workers, return_exceptions=True)
        for end in ended:
            if isinstance(end, Exception):
                raise end
        return Outcome.of(
            self._answers,
            lasted_s=lasted_s,
            warm_up_s=warm_s - self._started_s,
            failed=self._failed,
            abandoned=abandoned,
            client_cpu_s=time.thread_time() - cpu_s,
        )

    async def _work(self, session: aiohttp.ClientSession, concurrency: int) -> None:
        while (began_s := time.perf_counter()) < self._ends_s and (request := next(self._requests, None)):
            if len(request.calls) == 1:
                answered = await self._is_answered(session, request.calls[0])
            else:
                answered = all(await asyncio.gather(*(self._is_answered(session, call) for call in request.calls)))
            now_s = time.perf_counter()
            if answered:
                self._answers.append((now_s - self._started_s, now_s - began_s, request.papers))
                self._answered.set()
                if len(self._answers) >= concurrency:
                    self._turned_over.set()
            else:
                self._failed += request.papers
                await asyncio.sleep(PAUSE_S)

    async def _is_answered(self, session: aiohttp.ClientSession, call: Call) -> bool:
        try:
            async with _post(session, self._url, call) as response:
                answer = await response.read()
                return response.status == 200 and bool(answer) and PAPER_FAILED not in answer
        except aiohttp.ClientError:
            return False


async def _until(event: asyncio.Event, workers: Sequence[asyncio.Task[None]], timeout_s: float) -> None:
    """Until that has happened, nothing is under way, or it has taken too long."""

    async def happened_or_idle() -> None:
        happened = asyncio.create_task(event.wait())
        try:
            while not event.is_set() and (pending := {worker for worker in workers if not worker.done()}):
                await asyncio.wait([happened, *pending], return_when=asyncio.FIRST_COMPLETED)
        finally:
            happened.cancel()

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(happened_or_idle(), timeout_s)


_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
_HEADERS = {"content-type": "application/json"}


def _post(session: aiohttp.ClientSession, url: str, call: Call) -> "aiohttp.client._RequestContextManager":
    return session.post(url + call.path, data=call.body, headers=_HEADERS)
