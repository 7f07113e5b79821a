"""What came back: httpx's answers and failures as the contract's objects and this package's errors, without any I/O."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
from pydantic import TypeAdapter, ValidationError

from pubserve import errors
from pubserve._request import REQUEST_ID_HEADER
from pubserve._retries import parse_retry_after
from pubserve.contract import AnalyzeResponse, ErrorBody, ErrorResponse, Result

_EXCERPT_CHARS = 200
_RESULT: TypeAdapter[Result] = TypeAdapter(Result)
_STATUS_ERRORS: dict[int, type[errors.APIStatusError]] = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    413: errors.PayloadTooLarge,
    422: errors.InvalidRequest,
    429: errors.RateLimited,
    503: errors.Overloaded,
    504: errors.DeadlineExceeded,
}


@contextmanager
def transport_errors(request_id: str) -> Iterator[None]:
    """Raises httpx's failures to exchange bytes as this package's own."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise errors.ConnectionFailed("no connection within the timeout", request_id=request_id) from error
    except httpx.TimeoutException as error:
        raise errors.RequestTimedOut(
            f"no answer within the timeout ({type(error).__name__})", request_id=request_id
        ) from error
    except httpx.DecodingError as error:
        raise errors.InvalidResponse(f"the answer cannot be decompressed: {error}", request_id=request_id) from error
    except httpx.TransportError as error:
        reason = str(error) or type(error).__name__
        raise errors.ConnectionFailed(f"the connection failed: {reason}", request_id=request_id) from error


def request_id_of(response: httpx.Response, sent: str) -> str:
    """The id under which the service knows the request: its own when it gave one, else the one sent."""
    return response.headers.get(REQUEST_ID_HEADER) or sent


def status_error(response: httpx.Response, sent_request_id: str) -> errors.APIStatusError:
    """The error for a response (already read) whose status is not a success."""
    status = response.status_code
    body = _error_body(response.content)
    if body is None:
        said = " ".join(response.text.split())[:_EXCERPT_CHARS] or response.reason_phrase
    else:
        said = f"{body.message} (at {body.param})" if body.param else body.message
    error_class = _STATUS_ERRORS.get(status, errors.ServerError if status >= 500 else errors.APIStatusError)
    return error_class(
        f"{status}: {said}",
        status_code=status,
        body=body,
        retry_after_s=parse_retry_after(response.headers.get("retry-after")),
        request_id=request_id_of(response, sent_request_id),
    )


def _error_body(content: bytes) -> ErrorBody | None:
    try:
        return ErrorResponse.model_validate(json.loads(content)).error
    except ValueError:  # not JSON, or not the contract's shape
        return None


def means_unwell(error: errors.PubserveError) -> bool:
    """Whether an error from a probe says that the service is not well, rather than that the question was wrong."""
    if isinstance(error, errors.APIStatusError):
        # A 404 that is not in the contract's shape is the proxy's: the application behind it is not up yet.
        return error.status_code >= 500 or (isinstance(error, errors.NotFound) and error.body is None)
    return isinstance(error, errors.ConnectionFailed | errors.RequestTimedOut)


def parse_analysis(content: bytes, paper_ids: Sequence[str], request_id: str) -> AnalyzeResponse:
    """The answer to a call about papers, once it is sure that every paper has its own result in its own place."""
    # json.loads rather than pydantic's parser: the latter refuses the escapes of lone surrogates a caller may send.
    try:
        answer = AnalyzeResponse.model_validate(json.loads(content))
    except ValueError as error:
        raise errors.InvalidResponse(_not_the_contract("answer", content, error), request_id=request_id) from error
    answered = [result.abstract_id for result in answer.results]
    if answered != list(paper_ids):
        raise errors.InvalidResponse(
            f"the {len(answered)} results are not those of the {len(paper_ids)} papers sent, in their order",
            request_id=request_id,
        )
    return answer


class ResultReader:
    """Reads a stream of results, one JSON object a line, from bytes that arrive cut anywhere."""

    def __init__(self, paper_ids: Sequence[str], request_id: str) -> None:
        self._awaited = Counter(paper_ids)
        self._request_id = request_id
        self._tail = b""

    def feed(self, chunk: bytes) -> Iterator[Result]:
        """The results that this chunk completes. Blank lines only keep the connection alive."""
        # Not httpx's iter_lines: it also cuts at U+2028 and its kin, which JSON allows inside a text.
        *lines, self._tail = (self._tail + chunk).split(b"\n")
        yield from (self._result(line) for line in lines if line.strip())

    def finish(self) -> Iterator[Result]:
        """The result on a last line without an end; raises `InvalidResponse` when papers are left unanswered."""
        yield from self.feed(b"\n")
        if missing := self._awaited.total():
            raise errors.InvalidResponse(
                f"the stream ended with {missing} papers unanswered", request_id=self._request_id
            )

    def _result(self, line: bytes) -> Result:
        try:
            result = _RESULT.validate_python(json.loads(line))
        except ValueError as error:
            message = _not_the_contract("line of the stream", line, error)
            raise errors.InvalidResponse(message, request_id=self._request_id) from error
        if not self._awaited[result.abstract_id]:
            raise errors.InvalidResponse(
                f"the stream holds a result for {result.abstract_id!r}, which was not awaited",
                request_id=self._request_id,
            )
        self._awaited[result.abstract_id] -= 1
        return result


def _not_the_contract(what: str, content: bytes, error: ValueError) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    else:
        reason = "it is not JSON"
    excerpt = content[:_EXCERPT_CHARS].decode("utf-8", "replace")
    return f"the {what} is not what the contract says ({reason}): {excerpt!r}"
