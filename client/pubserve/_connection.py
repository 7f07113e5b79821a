"""How a client reaches the service: arguments, environment and defaults settled once, for both clients."""

import os
from dataclasses import dataclass, field

import httpx

from pubserve._request import Call, Papers, Priority, Tasks, check_header, papers_call
from pubserve._retries import Retries
from pubserve._version import __version__
from pubserve.errors import InvalidArgument

BASE_URL_VARIABLE = "PUBSERVE_BASE_URL"
API_KEY_VARIABLE = "PUBSERVE_API_KEY"
DEFAULT_BASE_URL = "http://127.0.0.1:8000"
DEFAULT_TIMEOUT_S = 300.0
CONNECT_TIMEOUT_S = 5.0
PROBE_TIMEOUT_S = 5.0

# As many as httpx opens by itself: no part of a run with a high concurrency waits for a connection.
DEFAULT_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20)

AnyTimeout = float | httpx.Timeout


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the service is, and how this client speaks to it."""

    base_url: httpx.URL
    headers: dict[str, str] = field(repr=False)  # holds the key
    timeout: httpx.Timeout
    retries: Retries

    @classmethod
    def settle(
        cls, base_url: str | None, api_key: str | None, timeout: AnyTimeout, retries: Retries | None
    ) -> "Connection":
        """Arguments win over the environment, the environment over defaults; an empty variable counts as unset."""
        # A key read from a file or a mounted secret often ends with a newline.
        key = (api_key or os.environ.get(API_KEY_VARIABLE, "")).strip()
        headers = {"user-agent": f"pubserve-python/{__version__}", "accept": "application/json, application/x-ndjson"}
        if key:
            headers["authorization"] = f"Bearer {check_header('api_key', key)}"
        return cls(
            base_url=_check_url(base_url or os.environ.get(BASE_URL_VARIABLE) or DEFAULT_BASE_URL),
            headers=headers,
            timeout=as_timeout(timeout),
            retries=retries or Retries(),
        )

    def call(
        self,
        path: str,
        papers: Papers,
        tasks: Tasks | None,
        timeout: AnyTimeout | None,
        deadline_ms: int | None,
        request_id: str | None,
        priority: Priority | None,
    ) -> Call:
        """A call about papers, with the client's timeout where it has none of its own."""
        settled = self.timeout if timeout is None else as_timeout(timeout)
        return papers_call(
            path, papers, tasks, timeout=settled, deadline_ms=deadline_ms, request_id=request_id, priority=priority
        )


def as_timeout(timeout: AnyTimeout) -> httpx.Timeout:
    """A number is seconds of silence to bear from the service; to find a connection never needs that long."""
    if isinstance(timeout, httpx.Timeout):
        return timeout
    if not timeout > 0:
        raise InvalidArgument("timeout must be more than 0 seconds", field="timeout")
    return httpx.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT_S))


def _check_url(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise InvalidArgument(f"base_url is not a URL: {error}", field="base_url") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidArgument(
            "base_url must start with http:// or https:// and name a host",
            field="base_url",
            hint=f"for example {DEFAULT_BASE_URL}",
        )
    return url
