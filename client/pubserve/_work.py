"""One batch until every paper in it has a result: what to ask next, and what to do about an error. No I/O."""

from time import monotonic

from pubserve._retries import Retries
from pubserve.batching import Piece
from pubserve.contract import ErrorBody, Failure, Result
from pubserve.errors import (
    APIStatusError,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidRequest,
    InvalidResponse,
    NotFound,
    PayloadTooLarge,
    PubserveError,
    RequestTimedOut,
    ServerError,
)

# One paper may be the reason for these, so the batch is asked about in halves.
_PERHAPS_ONE_PAPER = (DeadlineExceeded, InvalidRequest, InvalidResponse, PayloadTooLarge, ServerError)


class Patience:
    """How long all batches of a run bear together with a service that answers nothing."""

    def __init__(self, retries: Retries, patience_s: float) -> None:
        self.retries = retries
        self._patience_s = patience_s
        self._known = False
        self._last_answer_s = monotonic()

    def answered(self) -> None:
        """A paper was answered."""
        self._known = True
        self._last_answer_s = monotonic()

    def wait_s_after(self, error: PubserveError, failed: int) -> float:
        """Seconds to wait after so many failures of one batch in a row; raises `error` when it is time to give up.

        A service that was never there gets only the attempts of `retries`: it is more likely that the address is wrong.
        """
        absent = isinstance(error, ConnectionFailed)
        self._known = self._known or not absent
        wait_s = self.retries.wait_s(failed, error.retry_after_s if isinstance(error, APIStatusError) else None)
        if self._known:
            given_up = monotonic() + wait_s - self._last_answer_s > self._patience_s
        else:
            given_up = failed >= self.retries.attempts
        if given_up:
            raise error
        return wait_s


class Work:
    """The papers of one batch that are unanswered, in parts that are asked about one after the other."""

    def __init__(self, pieces: list[Piece], patience: Patience) -> None:
        self._parts = [{piece.paper.id: piece for piece in pieces}]
        self._patience = patience
        self._failed = 0
        self._asked = 0

    def next_part(self) -> list[Piece]:
        """What to ask about now; nothing when all is answered."""
        while self._parts and not self._parts[-1]:
            self._parts.pop()
        part = list(self._parts[-1].values()) if self._parts else []
        self._asked = len(part)
        return part

    def took(self, result: Result) -> Piece:
        """The paper that a result of the current part is about; it is answered now."""
        self._failed = 0
        self._patience.answered()
        return self._parts[-1].pop(result.abstract_id)

    def after(self, error: PubserveError) -> tuple[float, list[tuple[Piece, Failure]]]:
        """Seconds to wait before the next part is asked about, and the papers that are given up.

        Raises `error` if asking again is no use.
        """
        if is_outage(error):
            self._failed += 1
            return self._patience.wait_s_after(error, self._failed), []
        if not isinstance(error, _PERHAPS_ONE_PAPER):
            raise error
        part = self._parts[-1]
        if len(part) == self._asked:  # else some were answered, and the others may be next time
            self._parts.pop()
            pieces = list(part.items())
            if len(pieces) == 1:
                return 0.0, [(piece, failure(piece.paper.id, error)) for piece in part.values()]
            middle = len(pieces) // 2
            self._parts += [dict(pieces[middle:]), dict(pieces[:middle])]
        return 0.0, []


def is_outage(error: PubserveError) -> bool:
    """Whether the service is not there, or not yet: nothing is wrong with what was asked."""
    if isinstance(error, APIStatusError) and error.body is None:
        # Something in between answered: a proxy whose application is down, restarting or not deployed yet.
        return error.status_code >= 500 or isinstance(error, NotFound)
    return error.retryable or isinstance(error, RequestTimedOut)


def failure(paper_id: str, error: PubserveError, *, param: str | None = None) -> Failure:
    """The result of a paper that could not be asked about."""
    body = error.body if isinstance(error, APIStatusError) else None
    return Failure(
        abstract_id=paper_id, error=body or ErrorBody(message=str(error), type=type(error).__name__, param=param)
    )
