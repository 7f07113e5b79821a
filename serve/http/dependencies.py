"""What routes share: the service behind them, and how their errors are documented."""

from typing import Annotated, Any

from fastapi import Depends, Request

from pubserve.contract import ErrorResponse
from serve.service import Service
from serve.status import StatusBoard

_MEANINGS = {
    400: "The body is not JSON in UTF-8.",
    404: "There is no such model.",
    413: "The body is too large.",
    422: "A field is wrong; `param` names it.",
    429: "All places are taken; come back after `Retry-After` seconds.",
    503: "Starting, draining, or a model does not answer; come back after `Retry-After` seconds.",
    504: "The deadline passed.",
}


def _service(request: Request) -> Service:
    return request.app.state.service


def _status_board(request: Request) -> StatusBoard:
    return request.app.state.status_board


ServiceDep = Annotated[Service, Depends(_service)]
StatusBoardDep = Annotated[StatusBoard, Depends(_status_board)]


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries of errors."""
    return {status: {"model": ErrorResponse, "description": _MEANINGS[status]} for status in statuses}
