"""One trace for each request, from the caller's span down to the batches, as a collector receives it."""

import asyncio
import json
from collections.abc import Iterator

import httpx
import pytest
from opentelemetry.sdk.trace import Tracer
from opentelemetry.trace import NoOpTracer

from serve import tracing
from serve.http import create_app
from serve.service import Service
from serve.settings import Settings, TracingSettings
from serve.token_batcher import TokenBatcher
from serve.turns import Turn
from tests.monitoring.otlp import Collector, ReceivedSpan, collector
from tests.serve.conftest import InstantModels
from tests.serve.test_token_batcher import Echo, Item

pytestmark = pytest.mark.anyio

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
NOT_SAMPLED = f"00-{TRACE_ID}-00f067aa0ba902b7-00"
ERROR = 2
ASTHMA = {"id": "1", "title": "On asthma", "abstract": "Asthma is no lung cancer (Smith 2001)."}


@pytest.fixture(autouse=True)
def _tracer_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tracing, "_tracer", NoOpTracer())
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1")
    yield
    if isinstance(tracing._tracer, Tracer):
        tracing._tracer.span_processor.shutdown()


@pytest.fixture
def collected() -> Iterator[Collector]:
    with collector() as received:
        tracing.configure_tracing(TracingSettings(otlp_endpoint=received.url), component="ingress")
        yield received


async def post(
    settings: Settings, models: InstantModels, path: str = "/v1/analyze", *, traceparent: str | None = CALLER,
    papers: list[dict[str, str]] | None = None, service: Service | None = None, **body: object,
) -> httpx.Response:  # fmt: skip
    headers = {"x-request-id": "mine"} | ({"traceparent": traceparent} if traceparent else {})
    transport = httpx.ASGITransport(create_app(service or Service(settings, models)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.post(path, json={"papers": papers or [ASTHMA], **body}, headers=headers)


def request_of(received: Collector) -> ReceivedSpan:
    """The span of the whole request; it ends last, but spans of one exporter may come in several bodies."""
    received.wait_for(lambda so_far: any(span.name.startswith("POST ") for span in so_far.spans))
    [request] = [span for span in received.spans if span.name.startswith("POST ")]
    return request


async def test_a_request_goes_on_the_trace_of_its_caller(
    settings: Settings, models: InstantModels, collected: Collector
) -> None:
    await post(settings, models)

    request = request_of(collected)
    assert (request.trace_id, request.parent_id) == (TRACE_ID, "00f067aa0ba902b7")
    assert request.name == "POST /v1/analyze"
    assert request.service == "pubserve-ingress"
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/analyze",
        "http.response.status_code": 200,
        "pubserve.request_id": "mine",
    }


async def test_its_parts_are_the_stages_and_what_surrounds_them(
    settings: Settings, models: InstantModels, collected: Collector
) -> None:
    await post(settings, models, tasks=["labels", "diseases", "citations"])

    request = request_of(collected)
    parts = [span for span in collected.spans if span.parent_id == request.span_id]
    assert {span.name for span in parts} == {"receive", "classify", "extract", "parse", "write"}
    for part in parts:
        # A mark on another clock may be off by what it takes to read both.
        assert request.start_ns - 5e6 <= part.start_ns <= part.end_ns <= request.end_ns + 5e6


async def test_what_goes_to_the_models_carries_the_span_of_its_stage(
    settings: Settings, models: InstantModels, collected: Collector
) -> None:
    await post(settings, models)

    request_of(collected)
    [classify] = collected.named("classify")
    assert [turn.trace for turn in models.turns] == [f"00-{TRACE_ID}-{classify.span_id}-01"]


async def test_calls_that_share_a_batch_each_have_it_in_their_own_trace(collected: Collector) -> None:
    batcher: TokenBatcher[Item, str] = TokenBatcher(Echo(), passes=1, max_batch_tokens=100, wait_s=0.05)
    other = CALLER.replace(TRACE_ID, "a" * 32)

    await asyncio.gather(
        batcher.run([Item("a", 10), Item("b", 20)], Turn(trace=CALLER)), batcher.run([Item("c", 5)], Turn(trace=other))
    )

    collected.wait_for(lambda so_far: len(so_far.spans) == 4)
    batches = {span.trace_id: span.attributes for span in collected.named("batch")}
    shared = {
        "pubserve.batch_rows": 3, "pubserve.batch_padded_tokens": 60,
        "pubserve.batch_padding_share": pytest.approx(25 / 60),
    }  # fmt: skip
    assert batches[TRACE_ID] == {"pubserve.rows": 2, "pubserve.tokens": 30, **shared}
    assert batches["a" * 32] == {"pubserve.rows": 1, "pubserve.tokens": 5, **shared}
    for wait in collected.named("wait"):
        [batch] = [span for span in collected.named("batch") if span.trace_id == wait.trace_id]
        assert wait.parent_id == batch.parent_id == "00f067aa0ba902b7"
        assert wait.end_ns <= batch.start_ns + 5e6


async def test_a_part_that_fails_says_of_which_kind_the_failure_was_and_nothing_more(
    settings: Settings, models: InstantModels, collected: Collector
) -> None:
    models.classify_error = RuntimeError("could not read: Asthma is no lung cancer")

    await post(settings, models)

    request_of(collected)
    [classify] = collected.named("classify")
    assert (classify.status, classify.status_message) == (ERROR, "RuntimeError")
    [request] = [span for span in collected.spans if span.name.startswith("POST")]
    assert request.events == [("paper_failed", {"pubserve.code": "internal_error"})]


async def test_no_text_of_a_paper_leaves_with_a_trace(
    settings: Settings, models: InstantModels, collected: Collector
) -> None:
    models.classify_error = RuntimeError("could not read: Asthma is no lung cancer")
    await post(settings, models, tasks=["labels", "diseases", "citations", "topics", "summary"])
    await post(settings, models, papers=[{"id": "asthma-1", "title": "", "abstract": ""}])

    collected.wait_for(lambda so_far: sum(span.name.startswith("POST") for span in so_far.spans) == 2)
    for body in collected.bodies:
        assert b"sthma" not in body
        assert b"cancer" not in body


@pytest.mark.parametrize(
    ("path", "name", "status"), [("/v1/analyze", "/v1/analyze", 503), ("/nope/1", "unmatched", 404)]
)
async def test_a_request_that_is_refused_is_traced_with_its_status(
    settings: Settings, models: InstantModels, collected: Collector, path: str, name: str, status: int
) -> None:
    service = Service(settings, models)
    service.drain()

    await post(settings, models, path, service=service)

    request = request_of(collected)
    assert request.name == f"POST {name}"
    assert request.attributes["http.response.status_code"] == status
    assert (request.status == ERROR) is (status >= 500)


@pytest.mark.parametrize("traceparent", [NOT_SAMPLED, "not a traceparent", f"00-{'0' * 32}-{'0' * 16}-01"])
async def test_a_caller_who_does_not_sample_is_answered_without_a_trace_and_a_bad_header_is_no_caller(
    settings: Settings, models: InstantModels, collected: Collector, traceparent: str
) -> None:
    assert (await post(settings, models, traceparent=traceparent)).status_code == 200
    assert (await post(settings, models, traceparent=CALLER)).status_code == 200

    collected.wait_for(lambda so_far: any(span.trace_id == TRACE_ID for span in so_far.named("POST /v1/analyze")))
    others = [span for span in collected.named("POST /v1/analyze") if span.trace_id != TRACE_ID]
    assert [span.parent_id for span in others] == ([] if traceparent == NOT_SAMPLED else [""])


async def test_the_share_that_is_traced_is_of_requests_that_bring_no_trace(
    settings: Settings, models: InstantModels
) -> None:
    with collector() as received:
        traces = TracingSettings(otlp_endpoint=f"{received.url}/", sample_ratio=0)
        tracing.configure_tracing(traces, component="ingress")
        await post(settings, models, traceparent=None)
        await post(settings, models, traceparent=CALLER)

        assert request_of(received).trace_id == TRACE_ID


async def test_questions_about_the_service_leave_no_trace(
    settings: Settings, models: InstantModels, collected: Collector
) -> None:
    transport = httpx.ASGITransport(create_app(Service(settings, models)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        for path in ("/healthz", "/readyz", "/metrics", "/v1/status"):
            await http.get(path, headers={"traceparent": CALLER})
    await post(settings, models)

    assert request_of(collected).name == "POST /v1/analyze"
    assert {span.trace_id for span in collected.spans} == {TRACE_ID}


async def test_without_a_collector_nothing_is_kept_and_nothing_travels(
    settings: Settings, models: InstantModels
) -> None:
    tracing.configure_tracing(TracingSettings(), component="ingress")

    assert (await post(settings, models)).status_code == 200
    assert [turn.trace for turn in models.turns] == [None]


@pytest.mark.parametrize("collected_or_not", [True, False])
async def test_logs_carry_the_trace_of_the_caller_collected_or_not(
    settings: Settings, models: InstantModels, capsys: pytest.CaptureFixture[str], collected_or_not: bool
) -> None:
    models.classify_error = RuntimeError("boom")
    with collector() as received:
        endpoint = received.url if collected_or_not else None
        tracing.configure_tracing(TracingSettings(otlp_endpoint=endpoint), component="ingress")

        await post(settings, models)

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    ours = [line for line in lines if line.get("event") in ("request", "stage_failed")]
    assert {line["trace_id"] for line in ours} == {TRACE_ID}
    assert {line["request_id"] for line in ours} == {"mine"}


async def test_a_collector_that_is_not_there_costs_the_traces_and_no_request(
    settings: Settings, models: InstantModels
) -> None:
    tracing.configure_tracing(TracingSettings(otlp_endpoint="http://127.0.0.1:9"), component="ingress")

    assert (await post(settings, models)).status_code == 200
