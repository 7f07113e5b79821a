"""What routes share: the service behind them, and how their errors are documented."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Request

from pubserve.contract import ErrorResponse
from serve.ask import Ask
from serve.batches import Batches
from serve.deadline import DEADLINE_HEADER
from serve.exported import ExportedMetrics
from serve.http.caller import Caller, caller_of
from serve.http.middleware import clock_of
from serve.service import Service
from serve.status import StatusBoard
from serve.turns import Priority

MAX_DEADLINE_MS = 24 * 60 * 60 * 1000
PRIORITY_HEADER = "x-priority"

_MEANINGS = {
    400: "The body is not JSON in UTF-8.",
    401: "Where the service asks for API keys: the key is missing, wrong, withdrawn or expired.",
    403: "The API key lacks the scope that this route needs.",
    404: "There is nothing of that name.",
    408: "The body came in too slowly.",
    409: "That is in a state in which this cannot be done.",
    413: "The body is too large.",
    422: "A field is wrong; `param` names it.",
    429: "All places are taken, or the key's quota is used; come back after `Retry-After` seconds.",
    503: "Starting, draining, or a model does not answer; come back after `Retry-After` seconds.",
    504: "The deadline passed.",
}


# Coroutines, though they wait for nothing: FastAPI would run plain functions in threads, a quarter of a small request.
async def _service(request: Request) -> Service:
    return request.app.state.service


async def _status_board(request: Request) -> StatusBoard:
    return request.app.state.status_board


async def _batches(request: Request) -> Batches:
    return request.app.state.batches


async def _caller(request: Request) -> Caller:
    return caller_of(request.scope)


async def _exported_metrics(request: Request) -> ExportedMetrics:
    return request.app.state.exported_metrics


ServiceDep = Annotated[Service, Depends(_service)]
StatusBoardDep = Annotated[StatusBoard, Depends(_status_board)]
ExportedDep = Annotated[ExportedMetrics, Depends(_exported_metrics)]
BatchesDep = Annotated[Batches, Depends(_batches)]
CallerDep = Annotated[Caller, Depends(_caller)]

TimeoutMs = Annotated[
    int | None,
    Header(alias=DEADLINE_HEADER, ge=1, le=MAX_DEADLINE_MS, description="Deadline of the request; past it, 504."),
]
PriorityName = Annotated[
    Literal["interactive", "bulk"] | None,
    Header(
        alias=PRIORITY_HEADER,
        description="What is interactive goes before what is bulk; a request of few papers is, if nothing is said.",
    ),
]


async def _ask(
    request: Request, service: ServiceDep, timeout_ms: TimeoutMs = None, priority: PriorityName = None
) -> Ask:
    caller = caller_of(request.scope)
    deadline_s = service.settings.http.default_deadline_s if timeout_ms is None else timeout_ms / 1e3
    return Ask(
        deadline_s=deadline_s,
        priority=Priority[priority.upper()] if priority else None,
        caller=caller.share,
        clock=clock_of(request.scope),
        pay=caller.pay,
    )


AskDep = Annotated[Ask, Depends(_ask)]


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries of errors."""
    return {status: {"model": ErrorResponse, "description": _MEANINGS[status]} for status in statuses}
