"""How much work the service takes on. What it cannot hold is refused at once, with an honest time to come back.

Work is counted in tokens, because that is what it costs: a thousand titles are less than a hundred long abstracts.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from serve.errors import TooBusy, Unavailable
from serve.turns import Priority

_HALF_LIFE_S = 30.0


class Pace:
    """Units per second of the time in which there was work, the last half a minute of it counting most."""

    def __init__(self) -> None:
        self._units = 0.0
        self._seconds = 0.0
        self._since_s = 0.0

    def begin(self) -> None:
        """There is work again after an idle time."""
        self._since_s = time.monotonic()

    def done(self, units: int) -> None:
        now_s = time.monotonic()
        elapsed_s, self._since_s = now_s - self._since_s, now_s
        kept = 0.5 ** (elapsed_s / _HALF_LIFE_S)
        self._units = self._units * kept + units
        self._seconds = self._seconds * kept + elapsed_s

    def seconds_for(self, units: float) -> float:
        """How long so many units take; no time as long as nothing is known."""
        return units * self._seconds / self._units if self._units else 0.0


class Admission:
    """Counts units of work between admission and answer.

    Single-threaded: lives on the event loop of one ingress replica.

    Args:
        limit: units that may be in work. A larger piece of work is taken on when nothing else is in work.
        unit: what is counted, as a caller would call it.
        bulk_share: of the limit, how much bulk work may hold; the rest is kept for those who wait for an answer.
    """

    def __init__(self, limit: int, *, unit: str, retry_after_max_s: int, bulk_share: float = 1.0) -> None:
        self.limit = limit
        self.draining = False
        self._unit = unit
        self._retry_after_max_s = retry_after_max_s
        self._limits = {Priority.INTERACTIVE: limit, Priority.BULK: int(limit * bulk_share)}
        self._held = dict.fromkeys(Priority, 0)
        self._pace = Pace()

    @property
    def in_flight(self) -> int:
        """Units in work."""
        return sum(self._held.values())

    @contextmanager
    def admit(
        self, units: int, *, priority: Priority = Priority.INTERACTIVE, deadline_s: float = math.inf
    ) -> Iterator["Held"]:
        """Hold places for the length of the block, or until they are given back one by one.

        Raises:
            Unavailable: the service is shutting down.
            TooBusy: the places are taken, or what comes before this work would not leave it time enough.
        """
        if self.draining:
            raise Unavailable("The service is shutting down; retry with another replica.", retry_after_s=5)
        self._require_places(units, priority)
        self._require_time(units, priority, deadline_s)
        if not self.in_flight:
            self._pace.begin()
        held = Held(self, units, priority)
        self._held[priority] += units
        try:
            yield held
        finally:
            held.give_back()

    def _require_places(self, units: int, priority: Priority) -> None:
        # Bulk work that was let in alone may be over its share; that is not at the expense of the others.
        bulk = min(self._held[Priority.BULK], self._limits[Priority.BULK])
        taken = self.in_flight if priority is Priority.BULK else self._held[Priority.INTERACTIVE] + bulk
        excess = taken + units - self._limits[priority]
        if taken and excess > 0:
            raise TooBusy(
                f"{self.in_flight} {self._unit} are in work and this service holds {self._limits[priority]} for "
                f"{priority.name.lower()} requests; retry after the time in Retry-After or send fewer at once.",
                retry_after_s=self._retry_after_s(self._pace.seconds_for(excess)),
            )

    def _require_time(self, units: int, priority: Priority, deadline_s: float) -> None:
        ahead = self.in_flight if priority is Priority.BULK else self._held[Priority.INTERACTIVE]
        needed_s = self._pace.seconds_for(ahead + units)
        if ahead and needed_s > deadline_s:
            raise TooBusy(
                f"With {ahead} {self._unit} in work before it, this request would take about {needed_s:.0f} s, longer "
                "than its deadline; retry after the time in Retry-After or allow it more time.",
                retry_after_s=self._retry_after_s(needed_s - deadline_s),
            )

    def _retry_after_s(self, estimate_s: float) -> int:
        return max(1, min(self._retry_after_max_s, math.ceil(round(estimate_s, 3))))

    def _give_back(self, units: int, priority: Priority) -> None:
        self._held[priority] -= units

    def _done(self, units: int, priority: Priority) -> None:
        self._pace.done(units)
        self._give_back(units, priority)


class Held:
    """The places of one piece of work."""

    def __init__(self, admission: Admission, units: int, priority: Priority) -> None:
        self._admission = admission
        self._units = units
        self._priority = priority

    def done(self, units: int) -> None:
        """So many units were answered: their places are free, and the pace is known better."""
        self._units -= units
        self._admission._done(units, self._priority)

    def give_back(self) -> None:
        """What is left was not done."""
        self._admission._give_back(self._units, self._priority)
        self._units = 0
