"""The figures of a run, counted from its timeline."""

import math
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from os import cpu_count

from pydantic import BaseModel, ConfigDict

from loadtest.load.calls import CALLS
from loadtest.load.options import LoadOptions
from loadtest.load.shapes import Role, Span
from loadtest.load.timeline import Tally, Timeline, percentile

INTERACTIVE = tuple(call.name for call in CALLS if call.priority == "interactive")
BULK = tuple(call.name for call in CALLS if call.priority == "bulk")


class Figures(BaseModel):
    model_config = ConfigDict(frozen=True)


class Latency(Figures):
    """Of requests, in milliseconds; null where there were none."""

    requests: int
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None
    max_ms: int | None

    @classmethod
    def of(cls, latencies_ms: Mapping[int, int]) -> "Latency":
        return cls(
            requests=sum(latencies_ms.values()),
            p50_ms=percentile(latencies_ms, 0.5),
            p95_ms=percentile(latencies_ms, 0.95),
            p99_ms=percentile(latencies_ms, 0.99),
            max_ms=percentile(latencies_ms, 1.0),
        )


class PhaseFigures(Figures):
    """One phase. Rates are papers per second; goodput counts right answers within their deadlines."""

    name: str
    role: Role
    open_loop: bool
    seconds: float
    offered_per_s: float
    goodput_per_s: float
    refused_per_s: float
    late: int
    failed: int
    interactive: Latency
    bulk: Latency


class Papers(Figures):
    """Papers of the whole run, by where they ended. Those without an end were under way when the run was cut off."""

    offered: int
    answered: int
    late: int
    failed: int
    refused: int

    @classmethod
    def of(cls, tally: Tally) -> "Papers":
        return cls(**{name: getattr(tally, name) for name in cls.model_fields})

    @property
    def failed_share(self) -> float:
        """Of the papers whose fate is known."""
        return self._share(self.failed)

    @property
    def late_share(self) -> float:
        return self._share(self.late)

    @property
    def refused_share(self) -> float:
        return self._share(self.refused)

    def _share(self, papers: int) -> float:
        ended = self.answered + self.late + self.failed + self.refused
        return papers / ended if ended else 0.0


class Summary(Figures):
    """A run in figures: what was asked of it, its phases, and what its levels are judged by.

    Latencies and goodput are those of the judged phases; papers and refusals are those of the whole run.
    """

    host: str
    options: LoadOptions
    generator: str
    started: datetime
    complete: bool
    notes: tuple[str, ...]
    papers: Papers
    papers_by_caller: dict[str, Papers]
    goodput_per_s: float
    baseline_goodput_per_s: float | None
    """Of the best phase that others are compared with; null for shapes without one."""
    offered_per_s: float
    callers: dict[str, Latency]
    refusals: Latency
    refusals_without_retry_after: int
    generator_delay: Latency
    """How late the load generator itself was, measured ten times a second: what latencies are uncertain by."""
    phases: tuple[PhaseFigures, ...]

    @property
    def goodput_kept(self) -> float | None:
        """Goodput of the judged phases, as a share of the baseline's."""
        return self.goodput_per_s / self.baseline_goodput_per_s if self.baseline_goodput_per_s else None

    @property
    def offered_multiple(self) -> float | None:
        """Papers offered in the judged phases, as a multiple of the baseline's goodput."""
        return self.offered_per_s / self.baseline_goodput_per_s if self.baseline_goodput_per_s else None


def summarise(
    timeline: Timeline,
    spans: Sequence[Span],
    options: LoadOptions,
    *,
    host: str,
    complete: bool,
    notes: Iterable[str] = (),
    generators: int = 1,
) -> Summary:
    """Count everything. `generators` is how many processes made the load."""
    judged = [_window(span) for span in spans if span.phase.role is Role.JUDGED]
    during = timeline.total(judged)
    seconds = sum(_seconds(window) for window in judged)
    everything = timeline.total()
    started_s = spans[0].start_s if spans else 0.0
    return Summary(
        host=host,
        options=options,
        generator=f"{generators} process{'es' if generators > 1 else ''}; {platform.machine()}, {cpu_count()} cores",
        started=datetime.fromtimestamp(started_s, UTC).replace(microsecond=0),
        complete=complete,
        notes=tuple(notes),
        papers=Papers.of(everything),
        papers_by_caller={call.name: Papers.of(timeline.total(callers=[call.name])) for call in CALLS},
        goodput_per_s=_rate(during.answered, seconds),
        baseline_goodput_per_s=best_baseline(timeline, spans),
        offered_per_s=_rate(during.offered, seconds),
        callers={call.name: Latency.of(timeline.total(judged, [call.name]).answers_ms) for call in CALLS},
        refusals=Latency.of(everything.refusals_ms),
        refusals_without_retry_after=everything.refusals_without_retry_after,
        generator_delay=Latency.of(everything.delays_ms),
        phases=tuple(_phase(timeline, span) for span in spans),
    )


def best_baseline(timeline: Timeline, spans: Sequence[Span]) -> float | None:
    """Highest goodput of the phases that others are compared with, in papers per second."""
    windows = [_window(span) for span in spans if span.phase.role is Role.BASELINE]
    return max((_rate(timeline.total([w]).answered, _seconds(w)) for w in windows), default=None)


def _phase(timeline: Timeline, span: Span) -> PhaseFigures:
    window = _window(span)
    total, seconds = timeline.total([window]), _seconds(window)
    return PhaseFigures(
        name=span.phase.name,
        role=span.phase.role,
        open_loop=span.phase.open_loop,
        seconds=seconds,
        offered_per_s=_rate(total.offered, seconds),
        goodput_per_s=_rate(total.answered, seconds),
        refused_per_s=_rate(total.refused, seconds),
        late=total.late,
        failed=total.failed,
        interactive=Latency.of(timeline.total([window], INTERACTIVE).answers_ms),
        bulk=Latency.of(timeline.total([window], BULK).answers_ms),
    )


def _window(span: Span) -> tuple[float, float]:
    """The whole seconds of a phase, which is all the timeline knows: the one in which it ends is its last."""
    end_s = span.start_s if span.end_s is None else span.end_s
    return math.ceil(span.start_s), math.ceil(end_s)


def _seconds(window: tuple[float, float]) -> float:
    return window[1] - window[0]


def _rate(papers: int, seconds: float) -> float:
    return papers / seconds if seconds else 0.0
