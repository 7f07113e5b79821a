"""The asyncio client."""
# ruff: noqa: ASYNC109  (timeout bounds silence on the wire, as httpx means it, not the whole call as asyncio.timeout does)

import os
from asyncio import sleep
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpx

from pubserve import _request as paths
from pubserve import _tasks
from pubserve._connection import DEFAULT_LIMITS, DEFAULT_TIMEOUT_S, PROBE_TIMEOUT_S, AnyTimeout, Connection, as_timeout
from pubserve._progress import OnProgress, on_progress
from pubserve._request import Call, Papers, Priority, Tasks, checked_call, probe_call
from pubserve._response import (
    ResultReader,
    means_unwell,
    parse_analysis,
    request_id_of,
    status_error,
    transport_errors,
)
from pubserve._retries import Attempts, Retries
from pubserve._run import ManyPapers, Run, papers_by_pmid
from pubserve._work import Patience
from pubserve.batching import Batching
from pubserve.contract import AnalyzeResponse, Paper, Result
from pubserve.errors import PubserveError

if TYPE_CHECKING:
    from pubserve.pubmed import PubMed


class AsyncClient:
    """The same as `Client`, for asyncio: the same arguments, methods and errors, awaited."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: AnyTimeout = DEFAULT_TIMEOUT_S,
        retries: Retries | None = None,
        limits: httpx.Limits = DEFAULT_LIMITS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._connection = Connection.settle(base_url, api_key, timeout, retries)
        self._http = httpx.AsyncClient(
            base_url=self._connection.base_url, headers=self._connection.headers, limits=limits, transport=transport
        )

    def __repr__(self) -> str:
        return f"AsyncClient({self._connection.base_url!r})"  # which hides a password

    async def analyze(
        self,
        papers: Papers,
        tasks: Tasks | None = None,
        *,
        timeout: AnyTimeout | None = None,
        deadline_ms: int | None = None,
        request_id: str | None = None,
        priority: Priority | None = None,
    ) -> AnalyzeResponse:
        """Labels, diseases and whatever else `tasks` names: one result per paper, in the order given."""
        call = self._connection.call(paths.ANALYZE_PATH, papers, tasks, timeout, deadline_ms, request_id, priority)
        return await self._ask(call)

    async def classify(
        self,
        papers: Papers,
        *,
        timeout: AnyTimeout | None = None,
        deadline_ms: int | None = None,
        request_id: str | None = None,
        priority: Priority | None = None,
    ) -> AnalyzeResponse:
        """The labels and their confidences alone: one result per paper, in the order given."""
        call = self._connection.call(paths.CLASSIFY_PATH, papers, None, timeout, deadline_ms, request_id, priority)
        return await self._ask(call)

    async def extract(
        self,
        papers: Papers,
        *,
        timeout: AnyTimeout | None = None,
        deadline_ms: int | None = None,
        request_id: str | None = None,
        priority: Priority | None = None,
    ) -> AnalyzeResponse:
        """The diseases and their mentions alone: one result per paper, in the order given."""
        call = self._connection.call(paths.EXTRACT_PATH, papers, None, timeout, deadline_ms, request_id, priority)
        return await self._ask(call)

    def analyze_stream(
        self,
        papers: Papers,
        tasks: Tasks | None = None,
        *,
        timeout: AnyTimeout | None = None,
        deadline_ms: int | None = None,
        request_id: str | None = None,
        priority: Priority | None = None,
    ) -> AsyncGenerator[Result, None]:
        """Each result as soon as it is ready, in whatever order that is.

        Arguments are checked now; nothing is sent before the first result is asked for. Leave early from inside
        `async with contextlib.aclosing(...)`: closing the iterator closes the connection, and the service drops what is
        left. A stream is retried only while it has given no result.
        """
        call = self._connection.call(paths.STREAM_PATH, papers, tasks, timeout, deadline_ms, request_id, priority)
        return self._stream(call)

    def analyze_many(
        self,
        papers: ManyPapers,
        tasks: Tasks | None = None,
        *,
        ordered: bool = True,
        batching: Batching | None = None,
        journal: str | os.PathLike[str] | None = None,
        progress: bool | OnProgress = False,
        pubmed: "PubMed | None" = None,
        timeout: AnyTimeout | None = None,
    ) -> AsyncGenerator[Result, None]:
        """Results for any number of papers, in the order given or, if not `ordered`, as they finish.

        `analyze` is one request, whose answer has a `usage`; this is a run of many, each cut and carried as `batching`
        says. `papers` is any iterable, taken only as fast as it is needed: papers, mappings, and PMIDs, which are
        fetched from NCBI (`pubmed` says how). A paper that cannot be sent or read is a `Failure` in its place.

        `journal` names a file that gets every result before you do. With the file of a run that broke off, the same
        call goes on from there: what was answered comes from the file, and failures are asked about again.
        `progress` draws a line on a terminal, or is called with a `Progress` after every paper.

        While the service is away or refuses, the run waits; `Batching.patience_s` bounds how long, and then the error
        is raised. Leave early from inside `async with contextlib.aclosing(...)`: that
        cancels what is at the service.

        >>> from pubserve.testing import MockTransport
        >>> client = AsyncClient(transport=MockTransport())
        >>> papers = ({"id": n, "title": "Relapse of lung cancer."} for n in range(1000))
        >>> import asyncio
        >>> async def count_ok():
        ...     return sum([result.ok async for result in client.analyze_many(papers)])
        >>> asyncio.run(count_ok())
        1000
        """
        batching = batching or Batching()
        run = Run(papers, tasks, batching, on_progress(progress), ordered=ordered, journal=journal)
        settled = self._connection.timeout if timeout is None else as_timeout(timeout)

        def ask(part: Sequence[Paper]) -> AsyncGenerator[Result, None]:
            call = checked_call(paths.STREAM_PATH, part, run.tasks, timeout=settled, priority=paths.BULK)
            return self._stream_attempt(call, None)

        patience = Patience(self._connection.retries, batching.patience_s)
        return _tasks.answer(run, ask, papers_by_pmid(pubmed), patience)

    async def health(self, *, timeout: AnyTimeout = PROBE_TIMEOUT_S) -> bool:
        """Whether the service's process lives: one attempt, False when it cannot be reached or answers with a 5xx."""
        return await self._probe(paths.HEALTH_PATH, timeout)

    async def ready(self, *, timeout: AnyTimeout = PROBE_TIMEOUT_S) -> bool:
        """Whether the service can answer calls now: one attempt, False as for `health`."""
        return await self._probe(paths.READY_PATH, timeout)

    async def aclose(self) -> None:
        """Closes the connections; the client cannot be used afterwards."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _ask(self, call: Call) -> AnalyzeResponse:
        attempts = Attempts(self._connection.retries, call.deadline_ms)
        while True:
            try:
                response = await self._attempt(call, attempts.deadline_left_ms())
            except PubserveError as error:
                if (wait_s := attempts.wait_s_after(error)) is None:
                    raise
                await sleep(wait_s)
            else:
                return parse_analysis(response.content, call.paper_ids, request_id_of(response, call.request_id))

    async def _stream(self, call: Call) -> AsyncGenerator[Result, None]:
        attempts = Attempts(self._connection.retries, call.deadline_ms)
        while True:
            started = False
            try:
                async with aclosing(self._stream_attempt(call, attempts.deadline_left_ms())) as results:
                    async for result in results:
                        started = True
                        yield result
                return
            except PubserveError as error:
                if started or (wait_s := attempts.wait_s_after(error)) is None:
                    raise
                await sleep(wait_s)

    async def _probe(self, path: str, timeout: AnyTimeout) -> bool:
        call = probe_call(path, timeout=as_timeout(timeout))
        try:
            await self._attempt(call, None)
        except PubserveError as error:
            if means_unwell(error):
                return False
            raise
        return True

    async def _attempt(self, call: Call, deadline_left_ms: int | None) -> httpx.Response:
        with transport_errors(call.request_id):
            response = await self._http.send(self._request(call, deadline_left_ms))
        if not response.is_success:
            raise status_error(response, call.request_id)
        return response

    async def _stream_attempt(self, call: Call, deadline_left_ms: int | None) -> AsyncGenerator[Result, None]:
        request = self._request(call, deadline_left_ms)
        with transport_errors(call.request_id):
            async with aclosing(await self._http.send(request, stream=True)) as response:
                if not response.is_success:
                    await response.aread()
                    raise status_error(response, call.request_id)
                reader = ResultReader(call.paper_ids, request_id_of(response, call.request_id))
                async for chunk in response.aiter_bytes():
                    for result in reader.feed(chunk):
                        yield result
                for result in reader.finish():
                    yield result

    def _request(self, call: Call, deadline_left_ms: int | None) -> httpx.Request:
        return self._http.build_request(
            call.method,
            call.path,
            content=call.content,
            headers=call.headers(deadline_left_ms),
            timeout=call.timeout,
        )
