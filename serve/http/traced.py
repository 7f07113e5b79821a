"""Around every request that is work: the span of the whole, the parts that are no stage, and the trace's id on logs.

What asks how the service is (health, metrics, status) and what fetches the page would only hide those.
"""

import time

import structlog
from opentelemetry.semconv.attributes.http_attributes import (
    HTTP_REQUEST_METHOD,
    HTTP_RESPONSE_STATUS_CODE,
    HTTP_ROUTE,
)
from opentelemetry.trace import Span, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve import tracing
from serve.http.middleware import clock_of


class Traced:
    """Goes around `RequestContext`, whose log line then carries the trace, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        status: int | None = None

        async def send_and_note(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        with tracing.request_span("POST", Headers(scope=scope)) as span:
            if (trace_id := tracing.trace_id()) is None:
                return await self._app(scope, receive, send)
            with structlog.contextvars.bound_contextvars(trace_id=trace_id):
                try:
                    await self._app(scope, receive, send_and_note)
                finally:
                    _describe(span, scope, status)
        return None


def _describe(span: Span, scope: Scope, status: int | None) -> None:
    for name, (began_s, ended_s) in clock_of(scope).parts_s(time.monotonic()).items():
        tracing.record_part(name, began_s, ended_s)
    route = getattr(scope.get("route"), "path", "unmatched")
    span.update_name(f"POST {route}")
    span.set_attributes(
        {
            HTTP_REQUEST_METHOD: "POST",
            HTTP_ROUTE: route,
            HTTP_RESPONSE_STATUS_CODE: status or 499,
            "pubserve.request_id": scope["request_id"],
        }
    )
    if status is None or status >= 500:
        span.set_status(StatusCode.ERROR)
