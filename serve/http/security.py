"""What every answer says to browsers, and which other sites' pages may call the service."""

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.http.middleware import REQUEST_ID_HEADER

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    # An answer is data: should a browser show it as a page, nothing in it runs, and no other page frames it.
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    # An answer is about the caller's papers: nothing on the way keeps it.
    "cache-control": "no-store",
}

DOCS_POLICY = "; ".join(
    (
        "default-src 'self'",
        # The page that FastAPI writes for /docs starts its viewer from a script of its own.
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "frame-ancestors 'none'",
    )
)

_EXPOSED = (
    REQUEST_ID_HEADER,
    "retry-after",
    "server-timing",
    *(f"x-ratelimit-{part}-{unit}" for part in ("limit", "remaining", "reset") for unit in ("requests", "tokens")),
)


class SecurityHeaders:
    """Puts the headers on every answer that has none of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("content-security-policy", DOCS_POLICY)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        return await self._app(scope, receive, send_with_headers)


def allow_origins(app: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    """Let pages of these origins call the service, with a key that they send themselves: no cookies are involved.

    Without origins nothing is added, and browsers keep other sites' pages from reading answers.
    """
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST", "DELETE"),
        allow_headers=("*",),
        expose_headers=_EXPOSED,
    )
