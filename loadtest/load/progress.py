"""One line about the last seconds of a run, for whoever watches it."""

from collections.abc import Sequence

from loadtest.load.shapes import Span
from loadtest.load.timeline import Timeline, percentile


def line_of(timeline: Timeline, spans: Sequence[Span], *, now_s: float, over_s: int) -> str:
    """What the last `over_s` whole seconds brought. Where workers report late, so does this."""
    end_s = int(now_s)
    recent, everything = timeline.total([(end_s - over_s, end_s)]), timeline.total()
    phase = spans[-1].phase.name if spans else ""
    p95_ms = percentile(recent.answers_ms, 0.95)
    elapsed_s = now_s - spans[0].start_s if spans else 0.0
    return (
        f"{elapsed_s:5.0f} s  {phase:<12} papers/s: {recent.offered / over_s:7.1f} offered, "
        f"{recent.answered / over_s:7.1f} answered, {recent.refused / over_s:7.1f} refused;  "
        f"in flight {everything.offered - everything.ended:5d};  late {everything.late}, failed {everything.failed};  "
        f"p95 {'-' if p95_ms is None else f'{p95_ms} ms'}"
    )
