"""The asyncio client."""
# ruff: noqa: ASYNC109  (timeout bounds silence on the wire, as httpx means it, not the whole call as asyncio.timeout does)

from asyncio import sleep
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Self

import httpx

from pubserve import _request as paths
from pubserve._connection import DEFAULT_TIMEOUT_S, PROBE_TIMEOUT_S, Connection, Timeout, as_timeout
from pubserve._request import Call, Papers, Tasks, probe_call
from pubserve._response import (
    ResultReader,
    means_unwell,
    parse_analysis,
    request_id_of,
    status_error,
    transport_errors,
)
from pubserve._retries import Attempts, Retries
from pubserve.contract import AnalyzeResponse, Result
from pubserve.errors import PubserveError


class AsyncClient:
    """The same as `Client`, for asyncio: the same arguments, methods and errors, awaited."""

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: Timeout = DEFAULT_TIMEOUT_S,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._connection = Connection.settle(base_url, api_key, timeout, retries)
        self._http = httpx.AsyncClient(
            base_url=self._connection.base_url, headers=self._connection.headers, transport=transport
        )

    async def analyze(
        self,
        papers: Papers,
        tasks: Tasks | None = None,
        *,
        timeout: Timeout | None = None,
        deadline_ms: int | None = None,
        request_id: str | None = None,
    ) -> AnalyzeResponse:
        """Labels, diseases and whatever else `tasks` names: one result per paper, in the order given."""
        call = self._connection.call(paths.ANALYZE_PATH, papers, tasks, timeout, deadline_ms, request_id)
        return await self._ask(call)

    async def classify(
        self,
        papers: Papers,
        *,
        timeout: Timeout | None = None,
        deadline_ms: int | None = None,
        request_id: str | None = None,
    ) -> AnalyzeResponse:
        """The labels and their confidences alone: one result per paper, in the order given."""
        call = self._connection.call(paths.CLASSIFY_PATH, papers, None, timeout, deadline_ms, request_id)
        return await self._ask(call)

    async def extract(
        self,
        papers: Papers,
        *,
        timeout: Timeout | None = None,
        deadline_ms: int | None = None,
        request_id: str | None = None,
    ) -> AnalyzeResponse:
        """The diseases and their mentions alone: one result per paper, in the order given."""
        call = self._connection.call(paths.EXTRACT_PATH, papers, None, timeout, deadline_ms, request_id)
        return await self._ask(call)

    def analyze_stream(
        self,
        papers: Papers,
        tasks: Tasks | None = None,
        *,
        timeout: Timeout | None = None,
        deadline_ms: int | None = None,
        request_id: str | None = None,
    ) -> AsyncGenerator[Result, None]:
        """Each result as soon as it is ready, in whatever order that is.

        Arguments are checked now; nothing is sent before the first result is asked for. Leave early from inside
        `async with contextlib.aclosing(...)`: closing the iterator closes the connection, and the service drops what is
        left. A stream is retried only while it has given no result.
        """
        call = self._connection.call(paths.STREAM_PATH, papers, tasks, timeout, deadline_ms, request_id)
        return self._stream(call)

    async def health(self, *, timeout: Timeout = PROBE_TIMEOUT_S) -> bool:
        """Whether the service's process lives: one attempt, False when it cannot be reached or answers with a 5xx."""
        return await self._probe(paths.HEALTH_PATH, timeout)

    async def ready(self, *, timeout: Timeout = PROBE_TIMEOUT_S) -> bool:
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

    async def _probe(self, path: str, timeout: Timeout) -> bool:
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
