"""A service that answers from a script, and a clock that only moves when someone sleeps."""

import inspect
import json
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

import pubserve

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PUBSERVE_BASE_URL", "PUBSERVE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@dataclass
class FakeTime:
    """Stands in for the clock and for both ways of sleeping; `slept` lists the waits in seconds."""

    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def async_sleep(self, seconds: float) -> None:
        self.sleep(seconds)


@pytest.fixture(autouse=True)
def fake_time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    time = FakeTime()
    monkeypatch.setattr("pubserve._retries.monotonic", time.monotonic)
    monkeypatch.setattr("pubserve._client.sleep", time.sleep)
    monkeypatch.setattr("pubserve._async_client.sleep", time.async_sleep)
    monkeypatch.setattr("pubserve._work.monotonic", time.monotonic)
    return time


class Bytes(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A response body that notes how much of it was taken, and whether it was closed. An exception in it is raised."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self._chunks = chunks
        self.taken = 0
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.taken += 1
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    async def __aiter__(self) -> Any:
        for chunk in self:
            yield chunk

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


class Service:
    """Replies in turn, the last reply again and again; `requests` lists what was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._replies: list[Reply] = [self.analyzed]

    def replies(self, *replies: Reply) -> None:
        self._replies = list(replies)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else reply(request)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests]

    def analyzed(self, request: httpx.Request) -> httpx.Response:
        """What a service in good health answers to `request`."""
        results = [self.analysis(paper["id"]) for paper in json.loads(request.content)["papers"]]
        usage = {"papers": len(results), "failed": 0, "prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
        return httpx.Response(200, json={"results": results, "usage": usage})

    @staticmethod
    def body(*chunks: bytes | Exception) -> Bytes:
        return Bytes(*chunks)

    @staticmethod
    def analysis(paper_id: str, **fields: Any) -> dict[str, Any]:
        return {
            "abstract_id": paper_id,
            "predicted_labels": ["Cancer"],
            "confidence_scores": {"Cancer": 0.92, "Non-Cancer": 0.08},
            "timings_ms": {"queue": 1.2, "classify": 30.1, "extract": 410.0},
        } | fields

    @staticmethod
    def failure(paper_id: str, message: str = "the extractor gave up") -> dict[str, Any]:
        return {"abstract_id": paper_id, "error": {"message": message, "type": "server_error"}}

    @staticmethod
    def refusal(status: int, headers: dict[str, str] | None = None, **error: Any) -> httpx.Response:
        body = {"message": "no", "type": "invalid_request_error", "param": None, "code": None} | error
        return httpx.Response(status, json={"error": body}, headers=headers)


@pytest.fixture
def service() -> Service:
    return Service()


AnyClient = pubserve.Client | pubserve.AsyncClient
NewClient = Callable[..., AnyClient]


@pytest.fixture(params=[pubserve.Client, pubserve.AsyncClient], ids=["blocking", "asyncio"])
def new_client(request: pytest.FixtureRequest, service: Service) -> NewClient:
    """Makes a client, of either kind in turn, that talks to `service`."""

    def make(**arguments: Any) -> AnyClient:
        arguments = {"retries": pubserve.Retries(jitter=0), "transport": service.transport} | arguments
        kind: Callable[..., AnyClient] = request.param
        return kind(**arguments)

    return make


@pytest.fixture
def client(new_client: NewClient) -> AnyClient:
    return new_client()


@pytest.fixture
def settle() -> Callable[[Any], Awaitable[Any]]:
    """The value of a call, whichever kind of client made it."""

    async def settle(value: Any) -> Any:
        return await value if inspect.isawaitable(value) else value

    return settle


@pytest.fixture
def collect() -> Callable[[Iterable[Any] | AsyncIterable[Any]], Awaitable[list[Any]]]:
    """Everything a stream gives, whichever kind of client made it."""

    async def collect(stream: Iterable[Any] | AsyncIterable[Any]) -> list[Any]:
        return [result async for result in stream] if isinstance(stream, AsyncIterable) else list(stream)

    return collect
