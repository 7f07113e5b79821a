"""Deadlines, priorities, refusals, the cache and the headers that say where the time went."""

import json

import httpx
import pytest

from serve.http import create_app
from serve.service import Service
from serve.settings import Settings
from serve.turns import Priority
from tests.serve.conftest import InstantModels
from tests.serve.http.test_papers import PAPER, error_of, post

pytestmark = pytest.mark.anyio


async def test_a_passed_deadline_is_a_504_and_frees_everything(
    http: httpx.AsyncClient, models: InstantModels, service: Service
) -> None:
    models.stall_on = "slow"

    response = await http.post(
        "/v1/analyze",
        json={"papers": [PAPER, {"id": "2", "title": "slow"}]},
        headers={"x-request-timeout-ms": "100"},
    )

    assert error_of(response)[:2] == (504, "deadline_exceeded")
    assert (models.cancelled, service.in_flight) == (1, 0)


async def test_a_stream_past_its_deadline_keeps_what_was_done(http: httpx.AsyncClient, models: InstantModels) -> None:
    models.stall_on = "slow"

    response = await http.post(
        "/v1/analyze/stream",
        json={"papers": [{"id": "2", "title": "slow"}, *({**PAPER, "id": str(n)} for n in range(4, 8))]},
        headers={"x-request-timeout-ms": "200"},
    )

    results = {r["abstract_id"]: r for r in map(json.loads, response.text.splitlines())}
    assert len(results) == 5
    assert results["2"]["error"]["code"] == "deadline_exceeded"
    assert "error" not in results["7"]


async def test_more_than_the_service_holds_is_refused_at_once(http: httpx.AsyncClient, service: Service) -> None:
    with service.papers.admit(10_000):
        response = await post(http, papers=[PAPER])
        stream = await post(http, "/v1/analyze/stream", papers=[PAPER])

    for refused in (response, stream):
        assert error_of(refused)[:2] == (429, "too_busy")
        assert int(refused.headers["retry-after"]) >= 1
    assert (await post(http, papers=[PAPER])).status_code == 200


@pytest.mark.parametrize(
    ("papers", "header", "priority"),
    [
        (1, None, Priority.INTERACTIVE),
        (9, None, Priority.BULK),
        (1, "bulk", Priority.BULK),
        (9, "interactive", Priority.INTERACTIVE),
    ],
)
async def test_few_papers_are_urgent_and_many_are_not_unless_the_caller_says_otherwise(
    http: httpx.AsyncClient, models: InstantModels, papers: int, header: str | None, priority: Priority
) -> None:
    await http.post(
        "/v1/analyze",
        json={"papers": [{**PAPER, "id": str(n)} for n in range(papers)]},
        headers={"x-priority": header} if header else {},
    )

    assert {turn.priority for turn in models.turns} == {priority}


async def test_a_priority_that_does_not_exist_is_named(http: httpx.AsyncClient) -> None:
    response = await http.post("/v1/analyze", json={"papers": [PAPER]}, headers={"x-priority": "highest"})

    assert error_of(response) == (422, "invalid_field", "x-priority")
    assert "interactive" in response.json()["error"]["message"]


async def test_callers_are_told_apart_by_their_key_which_is_not_kept(
    http: httpx.AsyncClient, models: InstantModels
) -> None:
    for key in ("Bearer one", "Bearer two", "Bearer one"):
        await http.post("/v1/classify", json={"papers": [PAPER]}, headers={"authorization": key})

    first, second, third = (turn.caller for turn in models.turns)
    assert first == third != second
    assert "one" not in first


async def test_bulk_work_leaves_places_for_the_urgent(http: httpx.AsyncClient, service: Service) -> None:
    with service.papers.admit(9000, priority=Priority.BULK):
        bulk = await http.post("/v1/analyze", json={"papers": [PAPER]}, headers={"x-priority": "bulk"})
        urgent = await post(http, papers=[PAPER])

    assert error_of(bulk)[:2] == (429, "too_busy")
    assert urgent.status_code == 200


async def test_what_cannot_be_answered_in_time_is_refused_at_once(
    http: httpx.AsyncClient, models: InstantModels, service: Service
) -> None:
    models.stall_on, models.stall_s = "slow", 0.2
    await post(http, papers=[{"id": "1", "title": "slow"}])  # one token in a fifth of a second

    with service.papers.admit(1000):
        response = await http.post("/v1/analyze", json={"papers": [PAPER]}, headers={"x-request-timeout-ms": "1000"})

    assert error_of(response)[:2] == (429, "too_busy")
    assert "deadline" in response.json()["error"]["message"]


async def test_a_text_read_before_is_answered_from_memory(settings: Settings, models: InstantModels) -> None:
    remembering = settings.model_copy(update={"cache": settings.cache.model_copy(update={"enabled": True})})
    app = create_app(Service(remembering, models))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        first, second = [(await post(http, papers=[PAPER])).json()["results"][0] for _ in range(2)]

    assert models.calls == [1]
    assert {**first, "timings_ms": None} == {**second, "timings_ms": None}


async def test_a_draining_service_refuses_new_work(http: httpx.AsyncClient, service: Service) -> None:
    service.drain()

    response = await post(http, papers=[PAPER])

    assert error_of(response)[:2] == (503, "unavailable")
    assert int(response.headers["retry-after"]) >= 1


async def test_an_unexpected_fault_is_a_500_without_details(
    http: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "jobs", lambda papers: 1 / 0)

    response = await post(http, papers=[PAPER])

    assert error_of(response)[:2] == (500, "internal_error")
    assert "division" not in response.text


async def test_the_server_timing_header_has_the_stages_and_they_add_up(http: httpx.AsyncClient) -> None:
    response = await post(http, papers=[PAPER])

    timing = response.headers["server-timing"]
    names = [entry.split(";")[0].strip() for entry in timing.split(",")]
    assert names == ["receive", "queue", "classify", "extract", "write", "total"]
    parts = {entry.split(";")[0].strip(): float(entry.split("=")[1]) for entry in timing.split(",")}
    whole = parts["receive"] + parts["queue"] + max(parts["classify"], parts["extract"]) + parts["write"]
    assert whole == pytest.approx(parts["total"], abs=0.3)  # each is rounded to a tenth


async def test_the_callers_request_id_is_kept_if_it_is_usable(http: httpx.AsyncClient) -> None:
    kept = await http.get("/healthz", headers={"x-request-id": "abc-123"})
    replaced = await http.get("/healthz", headers={"x-request-id": "x" * 500})

    assert kept.headers["x-request-id"] == "abc-123"
    assert len(replaced.headers["x-request-id"]) == 32


async def test_a_mention_is_returned_in_the_callers_own_characters(
    http: httpx.AsyncClient, models: InstantModels
) -> None:
    models.names_known = ["asth\ufffdma"]
    body = '{"papers": [{"id": "1", "abstract": "Severe asth\\ud800ma."}]}'

    [result] = (await http.post("/v1/analyze", content=body)).json()["results"]

    assert [m["text"] for m in result["mentions"]] == ["asth\ud800ma"]
