"""JSON in and out, tolerant of what Unicode forbids and strict about everything else."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from serve.errors import MalformedBody


def encode_json(content: Any) -> bytes:
    """ASCII with escapes: a lone surrogate in an id a caller chose comes back as it was sent."""
    return json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")


class JsonResponse(Response):
    """A contract message, or anything `json` can encode."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return encode_json(content.model_dump(mode="json") if isinstance(content, BaseModel) else content)


class JsonBodyRoute(APIRoute):
    """Reads the body as JSON before FastAPI does, so that what is wrong with it can be said precisely.

    A lone surrogate survives `json.loads`, which pydantic's own parser would refuse.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if self.body_field is not None:
                _require_json(request)
                request._json = _parse(await request.body())
            return await handler(request)

        return handle


def _require_json(request: Request) -> None:
    content_type = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise MalformedBody(f"The body is {content_type[:80]!r}; send JSON with `Content-Type: application/json`.")


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body is not UTF-8: byte {error.start} cannot be decoded.") from None
    except (ValueError, RecursionError):
        raise MalformedBody("The body is JSON that cannot be read: nested too deep, or a number too long.") from None
