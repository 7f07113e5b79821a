"""Both clients, side by side: what they ask, and what they make of the answer."""

import inspect
from typing import Any

import httpx
import pytest

import pubserve

pytestmark = pytest.mark.anyio


async def test_analyze_gives_one_result_per_paper_in_the_order_given(client: Any, service: Any, settle: Any) -> None:
    answer = await settle(client.analyze([{"id": 7, "title": "t"}, pubserve.Paper(id="8", abstract="a")]))

    assert isinstance(answer, pubserve.AnalyzeResponse)
    assert [result.abstract_id for result in answer.results] == ["7", "8"]
    assert isinstance(answer.results[0], pubserve.Analysis)
    assert answer.results[0].confidence_scores == {"Cancer": 0.92, "Non-Cancer": 0.08}
    assert answer.usage.papers == 2


async def test_what_is_missing_is_not_sent_so_that_the_service_applies_its_own_defaults(
    client: Any, service: Any, settle: Any
) -> None:
    await settle(client.analyze([{"id": 7, "title": "t"}, {"id": "8", "abstract": None}]))

    assert service.bodies == [{"papers": [{"id": "7", "title": "t"}, {"id": "8"}]}]


@pytest.mark.parametrize(
    ("method", "path"), [("analyze", "/v1/analyze"), ("classify", "/v1/classify"), ("extract", "/v1/extract")]
)
async def test_every_method_has_its_route(method: str, path: str, client: Any, service: Any, settle: Any) -> None:
    answer = await settle(getattr(client, method)([{"id": "1"}]))

    (request,) = service.requests
    assert (request.method, request.url.path) == ("POST", path)
    assert service.bodies == [{"papers": [{"id": "1"}]}]
    assert answer.results[0].ok


async def test_tasks_are_sent_by_name(client: Any, service: Any, settle: Any) -> None:
    await settle(client.analyze([{"id": "1"}], [pubserve.Task.LABELS, "summary"]))

    assert service.bodies[0]["tasks"] == ["labels", "summary"]


async def test_a_lone_surrogate_arrives_at_the_service_and_comes_back(client: Any, service: Any, settle: Any) -> None:
    mention = {"text": "\ud800", "field": "title", "start": 0, "end": 1, "disease": "d", "confidence": 1}
    analyzed = {"results": [service.analysis("1", mentions=[mention])], "usage": _usage(papers=1)}
    service.replies(httpx.Response(200, content=pubserve._request.encode(analyzed)))

    answer = await settle(client.analyze([{"id": "1", "title": "\ud800"}]))

    assert service.bodies[0]["papers"][0]["title"] == "\ud800"
    assert answer.results[0].mentions[0].text == "\ud800"


async def test_requests_say_who_sends_them(client: Any, service: Any, settle: Any) -> None:
    await settle(client.analyze([{"id": "1"}]))

    headers = service.requests[0].headers
    assert headers["user-agent"] == f"pubserve-python/{pubserve.__version__}"
    assert headers["content-type"] == "application/json"


async def test_every_call_has_an_id_of_its_own(client: Any, service: Any, settle: Any) -> None:
    await settle(client.analyze([{"id": "1"}]))
    await settle(client.analyze([{"id": "1"}]))
    await settle(client.analyze([{"id": "1"}], request_id="mine"))

    first, second, third = (request.headers["x-request-id"] for request in service.requests)
    assert len(first) == len(second) == 32
    assert int(first, 16) != int(second, 16)
    assert third == "mine"


async def test_a_request_id_that_no_header_can_carry_is_refused(client: Any, settle: Any) -> None:
    with pytest.raises(pubserve.InvalidArgument, match="request_id may hold printable ASCII"):
        await settle(client.analyze([{"id": "1"}], request_id="a\r\nb: c"))


async def test_the_deadline_is_sent_when_there_is_one(client: Any, service: Any, settle: Any) -> None:
    await settle(client.analyze([{"id": "1"}], deadline_ms=1_500))
    await settle(client.analyze([{"id": "1"}]))

    assert [request.headers.get("x-request-timeout-ms") for request in service.requests] == ["1500", None]


async def test_a_deadline_in_the_past_is_refused(client: Any, settle: Any) -> None:
    with pytest.raises(pubserve.InvalidArgument, match="deadline_ms must be at least 1"):
        await settle(client.analyze([{"id": "1"}], deadline_ms=0))


async def test_the_priority_is_sent_when_there_is_one(client: Any, service: Any, settle: Any) -> None:
    await settle(client.analyze([{"id": "1"}], priority="bulk"))
    await settle(client.classify([{"id": "1"}]))

    assert [request.headers.get("x-priority") for request in service.requests] == ["bulk", None]


async def test_an_unknown_priority_is_refused(client: Any, settle: Any) -> None:
    with pytest.raises(pubserve.InvalidArgument, match="priority must be one of interactive, bulk"):
        await settle(client.extract([{"id": "1"}], priority="urgent"))


async def test_nothing_is_sent_when_a_paper_is_bad(client: Any, service: Any, settle: Any) -> None:
    with pytest.raises(pubserve.InvalidArgument, match=r"papers\[0\]\.title"):
        await settle(client.analyze([{"id": "1", "title": 7}]))

    assert service.requests == []


def _usage(papers: int) -> dict[str, int]:
    return {"papers": papers, "failed": 0, "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


async def test_a_paper_that_failed_stands_among_its_neighbours(client: Any, service: Any, settle: Any) -> None:
    results = [service.analysis("1"), service.failure("2", "gave up"), service.analysis("3")]
    service.replies(httpx.Response(200, json={"results": results, "usage": _usage(3)}))

    answer = await settle(client.analyze([{"id": "1"}, {"id": "2"}, {"id": "3"}]))

    assert [type(result) for result in answer.results] == [pubserve.Analysis, pubserve.Failure, pubserve.Analysis]
    assert [result.ok for result in answer.results] == [True, False, True]
    assert answer.results[1].error.message == "gave up"


async def test_fields_of_a_newer_service_are_ignored(client: Any, service: Any, settle: Any) -> None:
    newer = {"results": [service.analysis("1", mood="hopeful")], "usage": _usage(1), "region": "eu"}
    service.replies(httpx.Response(200, json=newer))

    answer = await settle(client.analyze([{"id": "1"}]))

    assert not hasattr(answer.results[0], "mood")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>welcome</html>", r"it is not JSON\): '<html>welcome"),
        (b"", "it is not JSON"),
        (b"\xff\xfe\xfd", "it is not JSON"),
        (b"[]", "not what the contract says"),
        (b'{"results": []}', r"usage: Field required"),
        (b'{"results": [{"abstract_id": "1"}], "usage": {}}', r"results\.0\.Failure\.error: Field required"),
    ],
)
async def test_an_answer_that_is_not_the_contracts_is_said_to_be_so(
    content: bytes, message: str, client: Any, service: Any, settle: Any
) -> None:
    service.replies(httpx.Response(200, content=content, headers={"x-request-id": "r-1"}))

    with pytest.raises(pubserve.InvalidResponse, match=message) as caught:
        await settle(client.analyze([{"id": "1"}]))

    assert caught.value.request_id == "r-1"
    assert len(service.requests) == 1


@pytest.mark.parametrize("ids", [["2", "1"], ["1"], ["1", "2", "3"], ["1", "1"]])
async def test_results_of_other_papers_or_in_another_order_are_never_passed_on(
    ids: list[str], client: Any, service: Any, settle: Any
) -> None:
    results = [service.analysis(paper_id) for paper_id in ids]
    service.replies(httpx.Response(200, json={"results": results, "usage": _usage(len(ids))}))

    with pytest.raises(pubserve.InvalidResponse, match="not those of the 2 papers sent"):
        await settle(client.analyze([{"id": "1"}, {"id": "2"}]))


@pytest.mark.parametrize(("method", "path"), [("health", "/healthz"), ("ready", "/readyz")])
async def test_probes_ask_their_own_routes(method: str, path: str, client: Any, service: Any, settle: Any) -> None:
    service.replies(httpx.Response(200, text="ok"))

    assert await settle(getattr(client, method)()) is True
    (request,) = service.requests
    assert (request.method, request.url.path, request.content) == ("GET", path, b"")
    assert request.extensions["timeout"]["read"] == 5


@pytest.mark.parametrize("trouble", [500, 502, 503, 504, httpx.ConnectError("refused"), httpx.ReadTimeout("silent")])
@pytest.mark.parametrize("method", ["health", "ready"])
async def test_a_service_that_is_not_well_is_an_answer_and_not_an_error(
    method: str, trouble: int | Exception, client: Any, service: Any, settle: Any
) -> None:
    service.replies(trouble if isinstance(trouble, Exception) else httpx.Response(trouble))

    assert await settle(getattr(client, method)()) is False
    assert len(service.requests) == 1


async def test_a_proxy_whose_application_is_not_up_yet_is_not_ready(client: Any, service: Any, settle: Any) -> None:
    service.replies(httpx.Response(404, text="Path '/readyz' not found."))

    assert await settle(client.ready()) is False


async def test_a_probe_of_something_else_is_an_error(client: Any, service: Any, settle: Any) -> None:
    error = {
        "message": "There is no '/v1/readyz'.",
        "type": "invalid_request_error",
        "param": None,
        "code": "not_found",
    }
    service.replies(httpx.Response(404, json={"error": error}))

    with pytest.raises(pubserve.NotFound):
        await settle(client.ready())


async def test_leaving_the_block_closes_the_connections(new_client: Any, settle: Any) -> None:
    client = new_client()
    if inspect.iscoroutinefunction(client.health):
        async with client as entered:
            assert entered is client
    else:
        with client as entered:
            assert entered is client

    with pytest.raises(RuntimeError, match="closed"):
        await settle(client.health())
