"""Runs over HTTP: events as they happen, a status that is honest, and as many at once as there are places."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.http import create_app
from serve.http.caller import Caller, set_caller
from serve.service import Service
from serve.settings import Settings
from tests.serve.agent.conftest import PAPERS
from tests.serve.agent.llm_server import Llm, able, serving
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

PATH = "/v1/agent/runs"
WITHIN_S = 60.0
BODY = {"papers": [paper.model_dump() for paper in PAPERS], "run_id": "run"}


@pytest.fixture
def llm() -> Iterator[Llm]:
    with serving() as model:
        yield model


@pytest.fixture
def agent() -> dict[str, Any]:
    return {}


@pytest.fixture
def service(tmp_path: Path, llm: Llm, models: InstantModels, agent: dict[str, Any]) -> Service:
    given = {"state_dir": str(tmp_path), "base_url": llm.url, "model": "m", "llm_retries": 0, "max_runs": 1, **agent}
    return Service(Settings(profile="cpu", cache={"enabled": False}, agent=given), models)


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=WITHIN_S) as client:
        yield client


def events_in(response: httpx.Response) -> list[dict[str, Any]]:
    """The events of a stream; the name of each is also in its data."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    blocks = [block for block in response.text.replace("\r\n", "\n").split("\n\n") if block.startswith("event")]
    events = []
    for block in blocks:
        name, data = block.split("\n")
        events.append(json.loads(data.removeprefix("data: ")))
        assert events[-1]["event"] == name.removeprefix("event: ")
    return events


def error_of(response: httpx.Response) -> tuple[int, str, str | None]:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return response.status_code, error["code"], error["param"]


def test_a_service_starts_without_what_only_runs_need() -> None:
    heavy = "{'langgraph', 'langchain_core', 'langchain_openai', 'mcp', 'openai'}"
    program = f"import sys, serve.http; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"

    subprocess.run([sys.executable, "-c", program], check=True, timeout=WITHIN_S)


async def test_a_run_tells_its_steps_and_ends_with_the_report(http: httpx.AsyncClient) -> None:
    events = events_in(await http.post(PATH, json=BODY))

    assert [event["event"] for event in events] == ["started", *["step"] * (len(events) - 2), "done"]
    assert {event["run_id"] for event in events} == {"run"}
    report = events[-1]["report"]
    assert report["adjudication"]["changed"] == 1
    seen = (await http.get(f"{PATH}/run")).json()
    assert (seen["status"], seen["report"]) == ("done", report)


async def test_a_run_gets_a_name_if_it_has_none(http: httpx.AsyncClient) -> None:
    events = events_in(await http.post(PATH, json={"papers": BODY["papers"], "summarise": False}))

    assert (await http.get(f"{PATH}/{events[0]['run_id']}")).json()["status"] == "done"


@pytest.mark.parametrize(("approved", "label"), [(True, "Cancer"), (False, "Non-Cancer")])
async def test_a_run_waits_for_approval(http: httpx.AsyncClient, approved: bool, label: str) -> None:
    waiting = events_in(await http.post(PATH, json={**BODY, "approve": True}))[-1]

    assert waiting["event"] == "approval"
    assert [change["paper_id"] for change in waiting["changes"]] == ["registry"]
    assert (await http.get(f"{PATH}/run")).json()["status"] == "awaits_approval"
    done = events_in(await http.post(f"{PATH}/run/approve", json={"approved": approved}))[-1]
    assert done["report"]["readings"][2]["labels"] == [label]
    assert error_of(await http.post(f"{PATH}/run/approve", json={"approved": True})) == (409, "conflict", None)


async def test_a_run_that_broke_off_says_so_and_is_resumed(http: httpx.AsyncClient, models: InstantModels) -> None:
    models.stall_on = "steroids"

    broken = events_in(await http.post(PATH, json=BODY, headers={"x-request-timeout-ms": "1500"}))[-1]

    assert (broken["event"], broken["error"]["code"]) == ("error", "deadline_exceeded")
    models.stall_on = None
    assert events_in(await http.post(f"{PATH}/run/resume"))[-1]["event"] == "done"


async def test_a_service_that_shuts_down_stops_the_run_between_steps(
    http: httpx.AsyncClient, service: Service, llm: Llm
) -> None:
    def drains(schema: str, given: dict[str, Any]) -> Any:
        service.drain()
        return able(schema, given)

    llm.answer = drains

    events = events_in(await http.post(PATH, json=BODY))

    assert [event["step"]["name"] for event in events if event["event"] == "step"][-1] == "check"
    assert events[-1]["error"]["code"] == "unavailable"
    assert error_of(await http.post(PATH, json=BODY))[:2] == (503, "unavailable")


async def test_runs_in_flight_are_bounded(http: httpx.AsyncClient, models: InstantModels) -> None:
    models.stall_on = "steroids"
    first = asyncio.create_task(http.post(PATH, json=BODY))
    async with asyncio.timeout(WITHIN_S):
        while not models.calls:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    refused = await http.post(PATH, json={**BODY, "run_id": "other"})

    assert error_of(refused)[:2] == (429, "too_busy")
    assert int(refused.headers["retry-after"]) > 0
    first.cancel()
    await asyncio.wait([first])
    models.stall_on = None
    events_in(await http.post(PATH, json={**BODY, "run_id": "other"}))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "body"),
        ({"pmids": ["https://example.org/"]}, "pmids[0]"),
        ({"papers": [{"title": "no id"}]}, "papers[0].id"),
        ({"papers": BODY["papers"], "file": "/etc/passwd"}, "file"),
        ({"papers": BODY["papers"], "run_id": "../../elsewhere"}, "run_id"),
        ({"papers": BODY["papers"], "max_llm_calls": -1}, "max_llm_calls"),
    ],
)
async def test_what_is_wrong_with_a_request_is_named(http: httpx.AsyncClient, body: Any, param: str) -> None:
    assert error_of(await http.post(PATH, json=body)) == (422, "invalid_field", param)


@pytest.mark.parametrize("agent", [{"max_papers": 3}])
async def test_more_papers_than_a_run_may_have(http: httpx.AsyncClient) -> None:
    assert error_of(await http.post(PATH, json=BODY)) == (422, "invalid_field", "papers")


async def test_a_run_belongs_to_whoever_began_it(service: Service) -> None:
    app = create_app(service)

    async def as_somebody(scope: Any, receive: Any, send: Any) -> None:
        set_caller(scope, Caller(owner="somebody", share="somebody"))
        await app(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(as_somebody), base_url="http://test") as theirs:
        events_in(await theirs.post(PATH, json=BODY))
        assert (await theirs.get(f"{PATH}/run")).status_code == 200
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as others:
        for answer in (await others.get(f"{PATH}/run"), await others.post(f"{PATH}/run/resume")):
            assert error_of(answer) == (404, "run_not_found", "run_id")
