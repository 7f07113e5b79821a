"""Who sent a request: the one place that the rest of the service asks."""

import hashlib
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from serve.ask import Pay, free

EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request.

    `owner`: whose the files, jobs and runs are that the request makes; without keys they are everyone's.
    `share`: who shares turns with others: the same, and without keys whoever is at the same address.
    `key_id`: of the API key. None where keys are off.
    `pay`: what counts the tokens of the key's quota.
    """

    owner: str
    share: str
    key_id: str | None = None
    pay: Pay = free


def caller_of(scope: Scope) -> Caller:
    """Who sent the request of this ASGI scope; known once `Guard` let it in, or where there is none."""
    caller: Caller | None = scope.get("state", {}).get("caller")
    return caller or Caller(owner=EVERYONE, share=_address(scope))


def set_caller(scope: Scope, caller: Caller) -> None:
    """From here on, `caller_of(scope)` and `request.state.caller` are this one."""
    scope.setdefault("state", {})["caller"] = caller


def _address(scope: Scope) -> str:
    """Whoever sends the same credentials, though nobody checks them here, or comes from the same address."""
    if sent := Headers(scope=scope).get("authorization"):
        return hashlib.sha256(sent.encode("utf-8", "surrogateescape")).hexdigest()
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else ""
