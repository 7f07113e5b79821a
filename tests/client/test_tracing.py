"""The caller's open span goes along with every request, and callers without OpenTelemetry pay nothing for it."""

import subprocess
import sys
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from pubserve import Client
from pubserve.testing import MockTransport

pytestmark = pytest.mark.anyio

tracer = TracerProvider().get_tracer("a caller")


async def test_a_call_below_a_span_names_it(client: Any, service: Any, settle: Any) -> None:
    with tracer.start_as_current_span("reading") as span:
        await settle(client.analyze([{"id": "1"}]))
    await settle(client.analyze([{"id": "1"}]))

    first, second = (request.headers.get("traceparent") for request in service.requests)
    context = span.get_span_context()
    assert first.startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-")
    assert second is None


def test_so_do_the_requests_of_a_run_from_their_threads() -> None:
    transport = MockTransport()
    with tracer.start_as_current_span("run") as span, Client(transport=transport) as client:
        assert len(list(client.analyze_many({"id": str(n)} for n in range(100)))) == 100

    sent = {request.headers["traceparent"].split("-")[1] for request in transport.requests}
    assert sent == {f"{span.get_span_context().trace_id:032x}"}


def test_the_client_imports_no_opentelemetry() -> None:
    script = (
        "import sys; from pubserve import Client; from pubserve.testing import MockTransport\n"
        "Client(transport=MockTransport()).analyze([{'id': '1'}])\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
