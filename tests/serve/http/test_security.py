"""What every answer says to browsers, what other sites' pages may do, and how long a body may take to arrive."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from serve.http import create_app
from serve.http.middleware import BodyTimeout
from serve.service import Service
from serve.settings import Settings
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

PAPER = {"id": "1", "title": "On asthma", "abstract": "Asthma is no lung cancer."}
ORIGIN = "https://app.example.org"


def with_http(settings: Settings, **changed: Any) -> Settings:
    return settings.model_copy(update={"http": settings.http.model_copy(update=changed)})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/analyze"), ("GET", "/v1/status"), ("GET", "/nope"), ("GET", "/v1/analyze"), ("GET", "/metrics")],
)
async def test_an_answer_is_data_that_no_browser_runs_frames_or_keeps(
    http: httpx.AsyncClient, method: str, path: str
) -> None:
    headers = (await http.request(method, path, json={"papers": [PAPER]} if method == "POST" else None)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/web/js/main.js", "/docs"])
async def test_a_page_loads_from_here_alone_and_is_framed_by_none(http: httpx.AsyncClient, path: str) -> None:
    headers = (await http.get(path)).headers

    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert len(headers.get_list("content-security-policy")) == 1


async def test_pages_of_other_sites_read_nothing_by_default(http: httpx.AsyncClient) -> None:
    asked = {"origin": ORIGIN, "access-control-request-method": "POST"}

    preflight = await http.options("/v1/analyze", headers=asked)
    answer = await http.post("/v1/analyze", json={"papers": [PAPER]}, headers={"origin": ORIGIN})

    assert preflight.status_code == 405
    for each in (preflight, answer):
        assert not [name for name in each.headers if name.startswith("access-control")]


async def test_pages_of_a_site_that_is_allowed_call_with_their_key(settings: Settings, models: InstantModels) -> None:
    app = create_app(Service(with_http(settings, cors_origins=(ORIGIN,)), models))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        asked = {
            "origin": ORIGIN,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, content-type",
        }
        preflight = await http.options("/v1/analyze", headers=asked)
        answer = await http.post("/v1/analyze", json={"papers": [PAPER]}, headers={"origin": ORIGIN})
        other = await http.options("/v1/analyze", headers={**asked, "origin": "https://evil.example.org"})

    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "x-request-id" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    assert other.status_code == 400
    assert "access-control-allow-origin" not in other.headers


async def test_a_fault_says_nothing_of_the_inside(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("postgres://user:password@db/papers")

    monkeypatch.setattr(service.papers, "admit", fail)
    transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.post("/v1/analyze", json={"papers": [PAPER]})

    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    for inside in ("postgres", "Traceback", "RuntimeError", ".py"):
        assert inside not in answer.text
    assert "unhandled_error" in capsys.readouterr().err  # the log is where it belongs


@asynccontextmanager
async def served(service: Service) -> AsyncIterator[tuple[str, int]]:
    """The service on a real socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="error", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()
        finally:
            server.should_exit = True
            await running


HEAD = b"POST /v1/analyze HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n"


async def test_a_body_that_trickles_in_is_given_up_and_others_are_served(
    settings: Settings, models: InstantModels
) -> None:
    async with served(Service(with_http(settings, body_timeout_s=0.5), models)) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(HEAD)

        async def trickle() -> None:
            while True:
                writer.write(b" ")
                await asyncio.sleep(0.05)

        trickling = asyncio.create_task(trickle())
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as http:
            meanwhile = await http.post("/v1/analyze", json={"papers": [PAPER]})
        answer = await asyncio.wait_for(reader.read(), 60)  # to the end: the connection is closed
        trickling.cancel()
        writer.close()

    assert meanwhile.status_code == 200
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body_too_slow"' in answer
    assert b"connection: close" in answer.lower()


async def test_a_large_body_has_longer_and_an_answer_as_long_as_it_takes(
    settings: Settings, models: InstantModels
) -> None:
    """The time is for the body alone: a paper that takes longer to read than a body may take to arrive is read."""
    models.stall_on, models.stall_s = "asthma", 0.5
    app = create_app(Service(with_http(settings, body_timeout_s=0.2), models))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        assert (await http.post("/v1/analyze", json={"papers": [PAPER]})).status_code == 200


async def test_each_16_kib_are_worth_a_second() -> None:
    parts = iter([b"x" * 32 * 1024, b"y"])

    async def receive() -> Any:
        part = next(parts)
        await asyncio.sleep(0.2 if part == b"y" else 0)
        return {"type": "http.request", "body": part, "more_body": part != b"y"}

    async def read(_: Any, receive: Any, __: Any) -> None:
        while (await receive())["more_body"]:
            pass

    async def send(_: Any) -> None: ...

    await BodyTimeout(read, 0.1)({"type": "http"}, receive, send)

    assert next(parts, None) is None
