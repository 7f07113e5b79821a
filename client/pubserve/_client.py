"""The blocking client."""

import os
from collections.abc import Generator, Sequence
from contextlib import closing
from time import sleep
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpx

from pubserve import _request as paths
from pubserve import _threads
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


class Client:
    """Asks a Pubserve service about papers, and blocks until it answers. Threads may share one.

    `base_url`: where the service is; else `PUBSERVE_BASE_URL`, else `http://127.0.0.1:8000`.
    `api_key`: sent as a bearer token; else `PUBSERVE_API_KEY`, else none is sent.
    `timeout`: seconds of silence to bear from the service, or an `httpx.Timeout`.
    `retries`: how retryable errors are retried; `Retries(attempts=1)` for not at all.
    `limits`: how many connections are kept and opened, an `httpx.Limits`.
    `transport`: an httpx transport to use instead of the network, such as `pubserve.testing.MockTransport`.

    `analyze_many` takes any number of papers. The other methods are one request each, and take an iterable of 1 to
    1,000 `Paper` or mappings with the same fields, and these options: `timeout` for this call alone; `deadline_ms`,
    after which the service gives up, retries and the waits between them included; `request_id`, printable ASCII, made
    up when not given; `priority`, "interactive" or "bulk", of which the first goes ahead, and which the service else
    tells by the number of papers. All raise the errors of `pubserve.errors`.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        timeout: AnyTimeout = DEFAULT_TIMEOUT_S,
        retries: Retries | None = None,
        limits: httpx.Limits = DEFAULT_LIMITS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._connection = Connection.settle(base_url, api_key, timeout, retries)
        self._http = httpx.Client(
            base_url=self._connection.base_url, headers=self._connection.headers, limits=limits, transport=transport
        )

    def __repr__(self) -> str:
        return f"Client({self._connection.base_url!r})"  # which hides a password

    def analyze(
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
        return self._ask(call)

    def classify(
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
        return self._ask(call)

    def extract(
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
        return self._ask(call)

    def analyze_stream(
        self,
        papers: Papers,
        tasks: Tasks | None = None,
        *,
        timeout: AnyTimeout | None = None,
        deadline_ms: int | None = None,
        request_id: str | None = None,
        priority: Priority | None = None,
    ) -> Generator[Result, None, None]:
        """Each result as soon as it is ready, in whatever order that is.

        Arguments are checked now; nothing is sent before the first result is asked for. Closing the iterator closes the
        connection, and the service drops what is left. A stream is retried only while it has given no result.
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
    ) -> Generator[Result, None, None]:
        """Results for any number of papers, in the order given or, if not `ordered`, as they finish.

        `analyze` is one request, whose answer has a `usage`; this is a run of many, each cut and carried as `batching`
        says. `papers` is any iterable, taken only as fast as it is needed: papers, mappings, and PMIDs, which are
        fetched from NCBI (`pubmed` says how). A paper that cannot be sent or read is a `Failure` in its place.

        `journal` names a file that gets every result before you do. With the file of a run that broke off, the same
        call goes on from there: what was answered comes from the file, and failures are asked about again.
        `progress` draws a line on a terminal, or is called with a `Progress` after every paper.

        While the service is away or refuses, the run waits; `Batching.patience_s` bounds how long, and then the error
        is raised. Closing the iterator drops
        what is at the service.

        >>> from pubserve.testing import MockTransport
        >>> client = Client(transport=MockTransport())
        >>> papers = ({"id": n, "title": "Relapse of lung cancer."} for n in range(1000))
        >>> sum(result.ok for result in client.analyze_many(papers))
        1000
        """
        batching = batching or Batching()
        run = Run(papers, tasks, batching, on_progress(progress), ordered=ordered, journal=journal)
        settled = self._connection.timeout if timeout is None else as_timeout(timeout)

        def ask(part: Sequence[Paper]) -> Generator[Result, None, None]:
            call = checked_call(paths.STREAM_PATH, part, run.tasks, timeout=settled, priority=paths.BULK)
            return self._stream_attempt(call, None)

        patience = Patience(self._connection.retries, batching.patience_s)
        return _threads.answer(run, ask, papers_by_pmid(pubmed), patience)

    def health(self, *, timeout: AnyTimeout = PROBE_TIMEOUT_S) -> bool:
        """Whether the service's process lives: one attempt, False when it cannot be reached or answers with a 5xx."""
        return self._probe(paths.HEALTH_PATH, timeout)

    def ready(self, *, timeout: AnyTimeout = PROBE_TIMEOUT_S) -> bool:
        """Whether the service can answer calls now: one attempt, False as for `health`."""
        return self._probe(paths.READY_PATH, timeout)

    def close(self) -> None:
        """Closes the connections; the client cannot be used afterwards."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, call: Call) -> AnalyzeResponse:
        attempts = Attempts(self._connection.retries, call.deadline_ms)
        while True:
            try:
                response = self._attempt(call, attempts.deadline_left_ms())
            except PubserveError as error:
                if (wait_s := attempts.wait_s_after(error)) is None:
                    raise
                sleep(wait_s)
            else:
                return parse_analysis(response.content, call.paper_ids, request_id_of(response, call.request_id))

    def _stream(self, call: Call) -> Generator[Result, None, None]:
        attempts = Attempts(self._connection.retries, call.deadline_ms)
        while True:
            started = False
            try:
                with closing(self._stream_attempt(call, attempts.deadline_left_ms())) as results:
                    for result in results:
                        started = True
                        yield result
                return
            except PubserveError as error:
                if started or (wait_s := attempts.wait_s_after(error)) is None:
                    raise
                sleep(wait_s)

    def _probe(self, path: str, timeout: AnyTimeout) -> bool:
        call = probe_call(path, timeout=as_timeout(timeout))
        try:
            self._attempt(call, None)
        except PubserveError as error:
            if means_unwell(error):
                return False
            raise
        return True

    def _attempt(self, call: Call, deadline_left_ms: int | None) -> httpx.Response:
        with transport_errors(call.request_id):
            response = self._http.send(self._request(call, deadline_left_ms))
        if not response.is_success:
            raise status_error(response, call.request_id)
        return response

    def _stream_attempt(self, call: Call, deadline_left_ms: int | None) -> Generator[Result, None, None]:
        request = self._request(call, deadline_left_ms)
        with transport_errors(call.request_id), closing(self._http.send(request, stream=True)) as response:
            if not response.is_success:
                response.read()
                raise status_error(response, call.request_id)
            reader = ResultReader(call.paper_ids, request_id_of(response, call.request_id))
            for chunk in response.iter_bytes():
                yield from reader.feed(chunk)
            yield from reader.finish()

    def _request(self, call: Call, deadline_left_ms: int | None) -> httpx.Request:
        return self._http.build_request(
            call.method,
            call.path,
            content=call.content,
            headers=call.headers(deadline_left_ms),
            timeout=call.timeout,
        )
