"""How much work the service takes on. What it cannot hold is refused at once, with an honest time to come back."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from serve.errors import TooBusy, Unavailable

_RATE_SMOOTHING = 0.1
"""Weight of the newest observation in the moving average of the rate."""


class Admission:
    """Counts units of work (papers, chats) between admission and answer.

    Single-threaded: lives on the event loop of one ingress replica.
    """

    def __init__(self, limit: int, *, unit: str, retry_after_max_s: int) -> None:
        self.limit = limit
        self.in_flight = 0
        self.draining = False
        self._unit = unit
        self._retry_after_max_s = retry_after_max_s
        self._per_s: float | None = None
        self._last_done_s = 0.0

    @contextmanager
    def admit(self, units: int) -> Iterator[None]:
        """Hold places for the length of the block.

        Raises:
            Unavailable: the service is shutting down.
            TooBusy: the places are taken.
        """
        if self.draining:
            raise Unavailable("The service is shutting down; retry with another replica.", retry_after_s=5)
        if self.in_flight + units > self.limit:
            raise TooBusy(
                f"{self.in_flight} {self._unit} are in work and {self.limit} is all this service holds; "
                f"retry after the time in Retry-After or send fewer at once.",
                retry_after_s=self._retry_after_s(),
            )
        if self.in_flight == 0:
            self._last_done_s = time.monotonic()
        self.in_flight += units
        try:
            yield
        finally:
            self.in_flight -= units

    def done(self) -> None:
        """One unit was answered: the pace from which waits are estimated."""
        now_s = time.monotonic()
        rate = 1 / max(now_s - self._last_done_s, 1e-4)
        self._per_s = rate if self._per_s is None else self._per_s + _RATE_SMOOTHING * (rate - self._per_s)
        self._last_done_s = now_s

    def _retry_after_s(self) -> int:
        """About when half of what is in work now will be done."""
        if self._per_s is None:
            return 1
        return max(1, min(self._retry_after_max_s, math.ceil(self.in_flight / 2 / self._per_s)))
