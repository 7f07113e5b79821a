"""Everything that can go wrong, as one tree.

    PubserveError
    ├── InvalidArgument         what you passed cannot be sent; nothing was (also a ValueError)
    ├── ConnectionFailed        no connection, or it broke before the answer was complete     retryable
    ├── RequestTimedOut         connected, but the service stayed silent for `timeout`
    ├── InvalidResponse         an answer arrived that is not what the contract says
    ├── PubMedUnavailable       NCBI did not give the papers of the PMIDs it was asked for
    └── APIStatusError          the service answered with an error status
        ├── BadRequest          400
        ├── Unauthorized        401
        ├── Forbidden           403
        ├── NotFound            404
        ├── PayloadTooLarge     413
        ├── InvalidRequest      422
        ├── RateLimited         429                                                           retryable
        ├── Overloaded          503                                                           retryable
        ├── DeadlineExceeded    504
        └── ServerError         any other 5xx                    retryable where something in between gave it

A status with no class of its own (say 405) is a plain `APIStatusError`. One paper that cannot be read is not an
exception: it is a `Failure` among the results.
"""

from typing import Any, ClassVar

from pubserve.contract import ErrorBody


class PubserveError(Exception):
    """Root of the tree.

    `retryable`: the same request may well succeed a moment later; the clients retry exactly these by themselves.
    `hint`: what to do about it, where that is known. `request_id`: what to quote to whoever runs the service.
    """

    retryable: bool = False
    default_hint: ClassVar[str | None] = None

    def __init__(self, message: str, *, hint: str | None = None, request_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint
        self.request_id = request_id

    def __str__(self) -> str:
        stop = "" if self.message.endswith((".", "!", "?")) else "."
        hint = f"{stop} Hint: {self.hint}" if self.hint else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.message}{hint}{request}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Pools and Ray pickle errors, and pickle would call the class with `args` alone: no keywords.
        return _revive, (type(self), self.args), self.__dict__


def _revive(error_class: type[PubserveError], args: tuple[Any, ...]) -> PubserveError:
    return error_class.__new__(error_class, *args)


class InvalidArgument(PubserveError, ValueError):
    """What the caller passed cannot be sent. `index` and `field` say which paper (or task) and which of its fields."""

    def __init__(
        self, message: str, *, index: int | None = None, field: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.index = index
        self.field = field


class ConnectionFailed(PubserveError):
    """The service could not be reached, or the connection broke before the answer was complete."""

    retryable = True
    default_hint = "check that the service runs and that base_url (or PUBSERVE_BASE_URL) names it."


class RequestTimedOut(PubserveError):
    """The service stayed silent for longer than `timeout`. Not retried: it may still be working on the first try."""

    default_hint = "send fewer papers in a call, raise timeout, or use analyze_stream."


class InvalidResponse(PubserveError):
    """The answer is not what the contract says: another kind of server, or one too far from this client's version."""

    default_hint = "check that base_url names a Pubserve service of a matching version."


class PubMedUnavailable(PubserveError):
    """NCBI did not give the papers of the PMIDs it was asked for, after several attempts, or refused to."""


class APIStatusError(PubserveError):
    """The service answered with an error status.

    `status_code`: of the answer. `body`: the service's own account, None when something in between answered instead.
    `retry_after_s`: seconds the service asked to wait, None when it did not say.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        body: ErrorBody | None = None,
        retry_after_s: float | None = None,
        hint: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, request_id=request_id)
        self.status_code = status_code
        self.body = body
        self.retry_after_s = retry_after_s


class BadRequest(APIStatusError):
    """400: the request could not be read at all."""


class Unauthorized(APIStatusError):
    """401: the API key is missing or wrong."""

    default_hint = "pass api_key, or set PUBSERVE_API_KEY."


class Forbidden(APIStatusError):
    """403: the API key is known but may not do this."""


class NotFound(APIStatusError):
    """404: there is no such route."""

    default_hint = "check base_url: it ends before /v1."


class PayloadTooLarge(APIStatusError):
    """413: the request is larger than the service accepts."""

    default_hint = "send fewer papers in a call."


class InvalidRequest(APIStatusError):
    """422: the request was read, but something in it is not allowed; `body.param` says where."""


class RateLimited(APIStatusError):
    """429: more requests than this caller may send; `retry_after_s` says when to come back."""

    retryable = True
    default_hint = "send fewer requests at a time, or wait retry_after_s."


class Overloaded(APIStatusError):
    """503: the service has no room now, or is still starting; `retry_after_s` says when to come back."""

    retryable = True
    default_hint = "wait retry_after_s, then try again."


class DeadlineExceeded(APIStatusError):
    """504: `deadline_ms` passed before the answer was ready. Not retried: the time is gone."""

    default_hint = "send fewer papers in a call, or raise deadline_ms."


class ServerError(APIStatusError):
    """Any other 5xx: a fault on the service's side.

    Retryable where `body` is None: a proxy answered for a service that died with the request, and reading a paper again
    gives the same. Where the service itself says that it failed, it would fail again.
    """

    default_hint = "if it happens again, report it to whoever runs the service, with the request id."

    def __init__(self, message: str, *, body: ErrorBody | None = None, **told: Any) -> None:
        super().__init__(message, body=body, **told)
        self.retryable = body is None
