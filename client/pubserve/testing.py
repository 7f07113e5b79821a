"""A service that answers without a network, for tests of programs that use this client.

>>> from pubserve import Client, Paper
>>> service = MockTransport()
>>> client = Client(transport=service)
>>> client.analyze([Paper(id="1", title="Chemotherapy of lung cancer.")]).results[0].predicted_labels
['Cancer']
>>> [request.url.path for request in service.requests]
['/v1/analyze']
"""

import json
import re
from collections.abc import Callable, Iterable

import httpx

from pubserve._request import ANALYZE_PATH, CLASSIFY_PATH, EXTRACT_PATH, HEALTH_PATH, READY_PATH, STREAM_PATH
from pubserve.contract import (
    Analysis,
    AnalyzeRequest,
    AnalyzeResponse,
    ErrorBody,
    ErrorResponse,
    Mention,
    Paper,
    Result,
    Task,
    Timings,
    Usage,
)

_CANCER = re.compile(r"cancer|carcinoma|lymphoma|leuk(a)?emia|tumou?r", re.IGNORECASE)
_TASKS = {CLASSIFY_PATH: [Task.LABELS], EXTRACT_PATH: [Task.DISEASES]}

Read = Callable[[Paper], Result]


class MockTransport(httpx.MockTransport):
    """An httpx transport behind which every paper is answered, for `Client` and `AsyncClient` alike.

    `read` makes the result of a paper; without it, a few words for cancer are found. `first` are responses or
    exceptions that come before any proper answer, such as `refusal(503)` or `httpx.ConnectError("refused")`.
    Both may be changed at any time. `requests` lists what was asked.

    >>> from pubserve import Client, Failure, Retries
    >>> from pubserve.contract import ErrorBody
    >>> broken = Failure(abstract_id="1", error=ErrorBody(message="gave up", type="server_error"))
    >>> client = Client(transport=MockTransport(lambda paper: broken))
    >>> client.analyze([{"id": "1", "title": "Asthma."}]).results[0].error.message
    'gave up'
    >>> client = Client(transport=MockTransport(first=[refusal(503)]), retries=Retries(backoff_initial_s=0))
    >>> client.analyze([{"id": "1", "title": "Asthma."}]).usage.papers
    1
    """

    def __init__(self, read: Read | None = None, *, first: Iterable[httpx.Response | Exception] = ()) -> None:
        super().__init__(self._answer)
        self.requests: list[httpx.Request] = []
        self.read = read or read_words
        self.first = list(first)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.first:
            reply = self.first.pop(0)
            if isinstance(reply, Exception):
                raise reply
            return _unused(reply)
        path = request.url.path
        if path in (HEALTH_PATH, READY_PATH):
            return httpx.Response(200, text="ok")
        if path not in (ANALYZE_PATH, STREAM_PATH, CLASSIFY_PATH, EXTRACT_PATH):
            return refusal(404, f"There is no {path!r}.")
        asked = AnalyzeRequest.model_validate({"tasks": _TASKS.get(path, list(Task)), **json.loads(request.content)})
        results = [self.read(paper) for paper in asked.papers]
        if path == STREAM_PATH:
            lines = [json.dumps(result.model_dump(mode="json")) + "\n" for result in results]
            return httpx.Response(200, content="".join(lines).encode())
        failed = sum(not result.ok for result in results)
        usage = Usage(papers=len(results), failed=failed, prompt_tokens=0, completion_tokens=0, total_tokens=0)
        answer = AnalyzeResponse(results=results, usage=usage)
        return httpx.Response(200, content=json.dumps(answer.model_dump(mode="json")).encode())


def refusal(status: int, message: str = "made up for a test", *, retry_after_s: int | None = None) -> httpx.Response:
    """An error as the service would answer it."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    body = ErrorResponse(error=ErrorBody(message=message, type=kind))
    headers = {} if retry_after_s is None else {"retry-after": str(retry_after_s)}
    return httpx.Response(status, json=body.model_dump(), headers=headers)


def _unused(response: httpx.Response) -> httpx.Response:
    """The same response for another request: clients change theirs, and a list may hold one several times."""
    try:
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)
    except httpx.ResponseNotRead:
        return response  # a stream has no copy


def read_words(paper: Paper) -> Analysis:
    """A reading that is quick and always the same: words for cancer are mentions, and make the label."""
    mentions = [
        Mention(
            text=word[0], field=field, start=word.start(), end=word.end(), disease="Cancer",
            is_cancer=True, confidence=0.9,
        )
        for field, text in (("title", paper.title), ("abstract", paper.abstract))
        for word in _CANCER.finditer(text or "")
    ]  # fmt: skip
    return Analysis(
        abstract_id=paper.id,
        predicted_labels=["Cancer" if mentions else "Non-Cancer"],
        confidence_scores={"Cancer": 0.9, "Non-Cancer": 0.1} if mentions else {"Cancer": 0.1, "Non-Cancer": 0.9},
        extracted_diseases=["Cancer"] if mentions else [],
        mentions=mentions,
        timings_ms=Timings(queue=0.0),
    )
