"""Everything that can go wrong with a request, and how each looks on the wire.

ServiceError
├── MalformedBody       400  the body is not JSON in UTF-8
├── Unauthorized        401  the API key is missing, wrong, withdrawn or expired
├── InsufficientScope   403  the API key is not for this route
├── NotFound            404  no such route or model
├── MethodNotAllowed    405
├── Conflict            409  what is asked does not go with the state that something is in
├── BodyTooSlow         408
├── BodyTooLarge        413
├── InvalidRequest      422  a field is wrong: `param` names it
│   └── UnreadablePaper 422  one paper cannot be read; its neighbours can
├── TooBusy             429  this service has all the work it can hold
├── QuotaExceeded       429  the API key has used what it may
├── Unavailable         503  starting, draining, or a model does not answer
├── DeadlineExceeded    504
└── InternalError       500  a fault of ours; the message says nothing about the inside

A message names what is wrong and what to do about it, and never quotes the text of a paper.
"""

from collections.abc import Sequence

from pubserve.contract import ErrorBody, ErrorResponse


class ServiceError(Exception):
    """Base of all errors that reach a caller."""

    status = 500
    type = "server_error"
    code = "internal_error"

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code or self.code
        self.retry_after_s = retry_after_s

    @property
    def body(self) -> ErrorBody:
        return ErrorBody(message=self.message, type=self.type, param=self.param, code=self.code)

    @property
    def response(self) -> ErrorResponse:
        return ErrorResponse(error=self.body)

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}


class MalformedBody(ServiceError):
    status, type, code = 400, "invalid_request_error", "malformed_body"


class Unauthorized(ServiceError):
    status, type, code = 401, "invalid_request_error", "invalid_api_key"

    def __init__(self, message: str, *, challenge: str = 'Bearer error="invalid_token"') -> None:
        super().__init__(message)
        self.challenge = challenge

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": self.challenge}


class InsufficientScope(ServiceError):
    status, type, code = 403, "permission_error", "insufficient_scope"

    def __init__(self, message: str, *, scope: str) -> None:
        super().__init__(message)
        self.scope = scope

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{self.scope}"'}


class NotFound(ServiceError):
    status, type, code = 404, "invalid_request_error", "not_found"


class MethodNotAllowed(ServiceError):
    status, type, code = 405, "invalid_request_error", "method_not_allowed"


class Conflict(ServiceError):
    status, type, code = 409, "invalid_request_error", "conflict"


class BodyTooSlow(ServiceError):
    status, type, code = 408, "invalid_request_error", "body_too_slow"

    @property
    def headers(self) -> dict[str, str]:
        return {"Connection": "close"}


class BodyTooLarge(ServiceError):
    status, type, code = 413, "invalid_request_error", "body_too_large"


class InvalidRequest(ServiceError):
    status, type, code = 422, "invalid_request_error", "invalid_field"


class UnreadablePaper(InvalidRequest):
    code = "unreadable_paper"


class TooBusy(ServiceError):
    status, type, code = 429, "rate_limit_error", "too_busy"


class QuotaExceeded(ServiceError):
    status, type, code = 429, "rate_limit_error", "rate_limit_exceeded"


class Unavailable(ServiceError):
    status, type, code = 503, "service_unavailable_error", "unavailable"


class DeadlineExceeded(ServiceError):
    status, type, code = 504, "timeout_error", "deadline_exceeded"


class InternalError(ServiceError):
    pass


def field_name(location: Sequence[str | int]) -> str:
    """What pydantic says of a place, as a `param`: `("papers", 3, "title")` becomes `papers[3].title`."""
    name = ""
    for step in location:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else step
    return name
