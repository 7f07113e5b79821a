"""What happened in each second to each kind of caller: the one record that everything in a report is counted from.

Workers send theirs to the master as they go; adding them up is all that merging takes.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from loadtest.load.calls import Outcome

GENERATOR = "generator"

Row = tuple[int, str, dict[str, Any]]


@dataclass(slots=True)
class Tally:
    """Papers by where they ended, and latencies of requests in milliseconds with how often each was seen."""

    offered: int = 0
    answered: int = 0
    late: int = 0
    failed: int = 0
    refused: int = 0
    refusals_without_retry_after: int = 0
    """Requests, not papers."""
    answers_ms: Counter[int] = field(default_factory=Counter)
    refusals_ms: Counter[int] = field(default_factory=Counter)
    delays_ms: Counter[int] = field(default_factory=Counter)
    """How late the load generator itself was: latencies are too high by about as much."""

    def add(self, other: "Tally | Mapping[str, Any]") -> None:
        for entry in fields(self):
            name = entry.name
            more = other[name] if isinstance(other, Mapping) else getattr(other, name)
            if isinstance(more, Mapping):
                getattr(self, name).update(more)
            else:
                setattr(self, name, getattr(self, name) + more)

    def as_dict(self) -> dict[str, Any]:
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in values.items()}

    @property
    def ended(self) -> int:
        """Papers whose fate is known."""
        return self.answered + self.late + self.failed + self.refused


class Timeline:
    """Tallies by whole second (Unix time) and kind of caller."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[int, str], Tally] = {}

    def sent(self, caller: str, papers: int, at_s: float) -> None:
        self._at(at_s, caller).offered += papers

    def ended(self, caller: str, outcome: Outcome, seconds: float, at_s: float) -> None:
        """A request that took `seconds` ended at `at_s`."""
        tally = self._at(at_s, caller)
        tally.answered += outcome.answered
        tally.late += outcome.late
        tally.failed += outcome.failed
        tally.refused += outcome.refused
        if outcome.answered:
            tally.answers_ms[binned_ms(seconds)] += 1
        if outcome.refused:
            tally.refusals_ms[binned_ms(seconds)] += 1
            tally.refusals_without_retry_after += outcome.retry_after_s is None

    def delayed(self, seconds: float, at_s: float) -> None:
        """The load generator woke up so much later than it wanted to."""
        self._at(at_s, GENERATOR).delays_ms[binned_ms(seconds)] += 1

    def take(self) -> list[Row]:
        """Everything so far, ready to travel; what is left is empty."""
        rows = [(second, caller, tally.as_dict()) for (second, caller), tally in self._tallies.items()]
        self._tallies.clear()
        return rows

    def merge(self, rows: Iterable[Row]) -> None:
        """Add what another timeline's `take` gave."""
        for second, caller, counts in rows:
            self._at(second, caller).add(counts)

    def total(
        self, windows: Sequence[tuple[float, float]] | None = None, callers: Collection[str] | None = None
    ) -> Tally:
        """The sum over the seconds that begin in one of the windows and over the callers; without these, over all."""
        total = Tally()
        for (second, caller), tally in self._tallies.items():
            in_time = windows is None or any(start <= second < end for start, end in windows)
            if in_time and (callers is None or caller in callers):
                total.add(tally)
        return total

    def by_second(self, callers: Collection[str] | None = None) -> dict[int, Tally]:
        """A tally for every second from the first to the last of the whole timeline, empty ones included."""
        seconds = [second for second, _ in self._tallies]
        tallies = {second: Tally() for second in range(min(seconds), max(seconds) + 1)} if seconds else {}
        for (second, caller), tally in self._tallies.items():
            if callers is None or caller in callers:
                tallies[second].add(tally)
        return tallies

    def _at(self, at_s: float, caller: str) -> Tally:
        return self._tallies.setdefault((int(at_s), caller), Tally())


def binned_ms(seconds: float) -> int:
    """Milliseconds, rounded up: whole ones below a second, three digits above."""
    ms = math.ceil(seconds * 1e3)
    step = 10 ** max(0, len(str(ms)) - 3)
    return math.ceil(ms / step) * step


def percentile(latencies_ms: Mapping[int, int], share: float) -> int | None:
    """The smallest latency that at least this share of the requests did not exceed; None without requests."""
    needed = share * sum(latencies_ms.values())
    seen = 0
    for latency_ms in sorted(latencies_ms):
        seen += latencies_ms[latency_ms]
        if seen >= needed:
            return latency_ms
    return None
