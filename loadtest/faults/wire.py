"""What passes between the client and the service, counted: each attempt, not each call."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping

import httpx

REFUSALS = (429, 503)


class Wire(httpx.AsyncBaseTransport):
    """Exchanges requests as httpx does, and counts what comes back."""

    def __init__(self, seen: Counter[str]) -> None:
        self.seen = seen
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=None))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self._inner.handle_async_request(request)
        except httpx.TransportError:
            self.seen["no answer"] += 1
            raise
        self.seen[kind_of(response.status_code, response.headers)] += 1
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Watched(response.stream, self.seen)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Watched(httpx.AsyncByteStream):
    """A body, and whether it broke off."""

    def __init__(self, body: httpx.AsyncByteStream, seen: Counter[str]) -> None:
        self._body = body
        self._seen = seen

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._body:
                yield piece
        except httpx.TransportError:
            self._seen["broken off"] += 1
            raise

    async def aclose(self) -> None:
        await self._body.aclose()


def kind_of(status: int, headers: Mapping[str, str]) -> str:
    """`ok`, `refused with Retry-After`, or the status."""
    if status < 400:
        return "ok"
    if status in REFUSALS and "retry-after" in headers:
        return "refused with Retry-After"
    return str(status)
