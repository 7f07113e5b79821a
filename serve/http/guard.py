"""At the door: which key a request came with, whether it is for this route, and whether its quota lasts."""

from typing import Any

from fastapi import FastAPI
from starlette._utils import get_route_path
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.errors import InsufficientScope, NotFound, ServiceError
from serve.http.caller import Caller, set_caller
from serve.http.error_handlers import respond
from serve.keys.accounts import Accounts
from serve.keys.key import Key
from serve.keys.quotas import Quotas, Unit, Window
from serve.keys.scopes import OPEN, scope_of
from serve.metrics import Metrics


class Guard:
    """Lets in who holds a key for the route, before anything of the body is read."""

    def __init__(self, app: ASGIApp, accounts: Accounts, metrics: Metrics) -> None:
        self._app = app
        self._accounts = accounts
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        used = _Used(self._accounts.quotas)
        try:
            if key := self._key_for(scope):
                await used.spend(key, "requests", 1)
                set_caller(scope, Caller(key.owner, key.owner, key.id, lambda n: used.spend(key, "tokens", n)))
        except ServiceError as error:
            self._metrics.refused.labels(error.code).inc()
            return await respond(error)(scope, receive, used.shown_by(send))
        return await self._app(scope, receive, used.shown_by(send) if key else send)

    def _key_for(self, scope: Scope) -> Key | None:
        # As the router sees it: what is guarded is what is answered.
        path = get_route_path(scope)
        try:
            needed = scope_of(path)
        except LookupError:
            raise NotFound(f"There is no {path[:200]!r}; /docs lists what there is.") from None
        if needed is OPEN:
            return None
        key = self._accounts.key(_bearer(scope))
        if needed not in key.scopes:
            raise InsufficientScope(
                f"The API key {key.id} lacks the scope `{needed}` that {path[:200]} needs; use a key made with "
                f"`pubserve keys new --scope {needed}`.",
                scope=needed,
            )
        return key


class _Used:
    """What one request used of its key's quotas, and the headers that tell its caller."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self._windows: dict[Unit, Window] = {}

    async def spend(self, key: Key, unit: Unit, amount: int) -> None:
        if window := await self._quotas.spend(key, unit, amount):
            self._windows[unit] = window

    def shown_by(self, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and self._windows:
                headers = MutableHeaders(scope=message)
                for unit, window in self._windows.items():
                    headers[f"x-ratelimit-limit-{unit}"] = str(window.limit)
                    headers[f"x-ratelimit-remaining-{unit}"] = str(window.remaining)
                    headers[f"x-ratelimit-reset-{unit}"] = f"{window.reset_s:.3f}s"
            await send(message)

        return send_with_headers


def describe_keys(api: FastAPI) -> None:
    """Say in the OpenAPI document that keys are asked for; `/docs` then has a place to enter one."""
    write = api.openapi

    def openapi() -> dict[str, Any]:
        document = write()
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
        return document

    api.openapi = openapi  # type: ignore[method-assign]


def _bearer(scope: Scope) -> str | None:
    """The token of `Authorization: Bearer <token>`."""
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
