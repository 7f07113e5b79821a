"""Around every request: its id, its log line, its timing header, and the limits on its body."""

import asyncio
import re
import time
import uuid
from collections.abc import Mapping

import structlog
from starlette._utils import get_route_path
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.clock import RequestClock
from serve.errors import BodyTooLarge, BodyTooSlow
from serve.http.caller import caller_of
from serve.logs import log
from serve.metrics import Metrics

REQUEST_ID_HEADER = "x-request-id"
SLOWEST_BYTES_PER_S = 16 * 1024
_USABLE_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics", "/v1/status", "/web/{path:path}"})


def clock_of(scope: Scope) -> RequestClock:
    """Whoever works on the request marks on it; what it shows goes into the `Server-Timing` header."""
    clock: RequestClock = scope.setdefault("clock", RequestClock())
    return clock


class RequestContext:
    """Outermost: what goes wrong anywhere below still gets an answer, an id and a log line.

    Behind Ray Serve, whose proxy gives every request an id and puts it on the answer, `echo_request_id` is off.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, echo_request_id: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._echo_request_id = echo_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started_s = time.monotonic()
        clock = clock_of(scope)
        request_id = scope["request_id"] = _request_id(scope)
        status: int | None = None
        finished = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, finished
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                durations_ms = clock.durations_ms().items()
                headers["server-timing"] = ", ".join(f"{name};dur={ms:.1f}" for name, ms in durations_ms)
                if self._echo_request_id:
                    headers[REQUEST_ID_HEADER] = request_id
            await send(message)
            finished = message["type"] == "http.response.body" and not message.get("more_body", False)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_headers)
            except Exception:
                log.exception("unhandled_error", path=scope["path"])
                if not finished:
                    raise  # all that is left is to cut the answer off
            finally:
                self._record(scope, status, time.monotonic() - started_s)
        return None

    def _record(self, scope: Scope, status: int | None, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        # 499, as nginx has it: the caller went away before there was an answer.
        self._metrics.requests.labels(route, status or 499).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        write = log.debug if route in _QUIET_ROUTES else log.info
        key_id = caller_of(scope).key_id
        who = {"key_id": key_id} if key_id else {}
        write("request", method=scope["method"], route=route, status=status or 499, ms=round(seconds * 1e3, 1), **who)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    return given if _USABLE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class BodyLimit:
    """Stops reading a body that is too large, whether or not it said so beforehand.

    Args:
        max_body_bytes: of a route that has no limit of its own.
        own: limits of single routes, by their paths.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int, own: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._own = own or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        received = 0
        declared = Headers(scope=scope).get("content-length", "0")
        limit = self._own.get(get_route_path(scope), self._max_body_bytes)
        too_large = BodyTooLarge(f"The body is over {limit} bytes; split what is in it over several requests.")

        async def limited_receive() -> Message:
            nonlocal received
            if declared.isdecimal() and int(declared) > limit:
                raise too_large
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise too_large
            return message

        return await self._app(scope, limited_receive, send)


class BodyTimeout:
    """Gives up on a body that trickles in: whoever sends it holds a place that others wait for."""

    def __init__(self, app: ASGIApp, timeout_s: float) -> None:
        self._app = app
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        due_s = time.monotonic() + self._timeout_s
        complete = False

        async def timed_receive() -> Message:
            nonlocal due_s, complete
            if complete:  # what may still come is that the caller goes away
                return await receive()
            try:
                async with asyncio.timeout(due_s - time.monotonic()):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow(
                    f"The body did not arrive within {self._timeout_s:g} s and a second for each "
                    f"{SLOWEST_BYTES_PER_S} bytes of it; send it faster, or less at once."
                ) from None
            due_s += len(message.get("body", b"")) / SLOWEST_BYTES_PER_S
            complete = not message.get("more_body", False)
            return message

        return await self._app(scope, timed_receive, send)
