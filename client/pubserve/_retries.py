"""When to try again: the policy a caller chooses, and the state of one call that follows it."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import random
from time import monotonic

from pubserve.errors import APIStatusError, InvalidArgument, PubserveError

DEFAULT_ATTEMPTS = 3
DEFAULT_BACKOFF_INITIAL_S = 0.5
DEFAULT_BACKOFF_MAX_S = 8.0
DEFAULT_JITTER = 0.25
DEFAULT_RETRY_AFTER_MAX_S = 60.0
_DOUBLINGS_MAX = 64  # keeps the power a finite float; no real policy waits this long


@dataclass(frozen=True, slots=True)
class Retries:
    """How a call is tried again after a retryable error.

    `attempts` counts the first one, so 1 means no retries. The wait before a retry doubles from `backoff_initial_s` up
    to `backoff_max_s` seconds, less a random share of up to `jitter` (0 to 1). A `Retry-After` from the service is the
    least wait; one beyond `retry_after_max_s` seconds is not waited for: the error is raised and the caller decides.
    """

    attempts: int = DEFAULT_ATTEMPTS
    backoff_initial_s: float = DEFAULT_BACKOFF_INITIAL_S
    backoff_max_s: float = DEFAULT_BACKOFF_MAX_S
    jitter: float = DEFAULT_JITTER
    retry_after_max_s: float = DEFAULT_RETRY_AFTER_MAX_S

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise InvalidArgument("Retries.attempts must be at least 1: it counts the first attempt", field="attempts")
        for name in ("backoff_initial_s", "backoff_max_s", "retry_after_max_s"):
            if not getattr(self, name) >= 0:
                raise InvalidArgument(f"Retries.{name} must be 0 or more seconds", field=name)
        if not 0 <= self.jitter <= 1:
            raise InvalidArgument("Retries.jitter must be between 0 and 1", field="jitter")

    def wait_s(self, failed_attempts: int, retry_after_s: float | None) -> float:
        """Seconds to wait after the given number of failed attempts (1 or more)."""
        doublings = min(failed_attempts - 1, _DOUBLINGS_MAX)
        backoff_s = min(self.backoff_max_s, self.backoff_initial_s * 2.0**doublings)
        spread_s = backoff_s * self.jitter * random()
        return backoff_s - spread_s if retry_after_s is None else retry_after_s + spread_s


class Attempts:
    """The attempts of one call: how many there were, and how much of its deadline is left."""

    def __init__(self, retries: Retries, deadline_ms: int | None) -> None:
        self._retries = retries
        self._failed = 0
        self._ends_at = None if deadline_ms is None else monotonic() + deadline_ms / 1000

    def deadline_left_ms(self) -> int | None:
        """What is left of the deadline, at least 1 ms; None without a deadline."""
        return None if self._ends_at is None else max(1, round((self._ends_at - monotonic()) * 1000))

    def wait_s_after(self, error: PubserveError) -> float | None:
        """Seconds to wait before the next attempt, or None when the error is final."""
        self._failed += 1
        if not error.retryable or self._failed >= self._retries.attempts:
            return None
        retry_after_s = error.retry_after_s if isinstance(error, APIStatusError) else None
        if retry_after_s is not None and retry_after_s > self._retries.retry_after_max_s:
            return None
        wait_s = self._retries.wait_s(self._failed, retry_after_s)
        if self._ends_at is not None and monotonic() + wait_s >= self._ends_at:
            return None
        return wait_s


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds a `Retry-After` header asks for, whether it holds seconds or an HTTP date; None when it says neither."""
    value = (value or "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
