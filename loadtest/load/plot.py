"""A run over time, as one picture: papers per second, papers in flight, latency."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtest.load.shapes import Role, Span
from loadtest.load.summary import BULK, INTERACTIVE
from loadtest.load.timeline import Tally, Timeline, percentile

POINTS = 60
STYLE = {
    "font.size": 9,
    "axes.grid": True,
    "grid.color": "#d8dde3",
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
}
# The palette of Okabe and Ito (2008), for any kind of colour vision.
BLUE, RED, GREEN, PINK, AMBER = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"
JUDGED_SHADE = "#eef4f9"

Seconds = list[Tally]


def draw(path: Path, timeline: Timeline, spans: Sequence[Span], *, title: str) -> None:
    """Write the picture, with the phases marked and those that are judged shaded."""
    by_second = list(timeline.by_second().values())
    if not by_second:
        return
    first_s = min(timeline.by_second())
    width = max(1, len(by_second) // POINTS)
    at_s = [n + width / 2 for n in range(0, len(by_second), width)]
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        # The object-oriented interface: pyplot would look for a display.
        figure = Figure(figsize=(10, 8.5), layout="constrained")
        rates, in_flight, latency = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 3))
        _draw_rates(rates, at_s, _bins(by_second, width), width)
        _draw_in_flight(in_flight, by_second)
        _draw_latency(latency, at_s, timeline, width)
        rates.set_title(title, pad=16)
        latency.set_xlabel("seconds")
        for axes in (rates, in_flight, latency):
            _mark_phases(axes, spans, first_s, named=axes is rates)
            axes.set_xlim(0, len(by_second))
        figure.savefig(path, dpi=110)


def _draw_rates(axes: Axes, at_s: list[float], bins: Seconds, width: int) -> None:
    lines: list[tuple[str, str, Callable[[Tally], int]]] = [
        ("offered", AMBER, lambda tally: tally.offered),
        ("refused", RED, lambda tally: tally.refused),
        ("answered in time", BLUE, lambda tally: tally.answered),
        ("late or failed", PINK, lambda tally: tally.late + tally.failed),
    ]
    for label, colour, papers in lines:
        axes.plot(at_s, [papers(tally) / width for tally in bins], color=colour, label=label)
    axes.set_ylabel("papers/s")
    axes.set_ylim(0, axes.get_ylim()[1] * 1.15)  # room for the legend
    axes.legend(ncols=len(lines), loc="upper left")


def _draw_in_flight(axes: Axes, by_second: Seconds) -> None:
    in_flight = list(accumulate(tally.offered - tally.ended for tally in by_second))
    axes.fill_between(range(len(in_flight)), in_flight, color=GREEN, alpha=0.35, linewidth=0, step="post")
    axes.set_ylabel("papers in flight")
    axes.set_ylim(bottom=0)


def _draw_latency(axes: Axes, at_s: list[float], timeline: Timeline, width: int) -> None:
    for label, colour, callers in (("interactive", BLUE, INTERACTIVE), ("bulk", GREEN, BULK)):
        bins = _bins(list(timeline.by_second(callers).values()), width)
        for share, style in ((0.5, ":"), (0.95, "-")):
            _draw_percentile(axes, at_s, [tally.answers_ms for tally in bins], share, colour, style, label)
    refusals = [tally.refusals_ms for tally in _bins(list(timeline.by_second().values()), width)]
    _draw_percentile(axes, at_s, refusals, 0.99, RED, "--", "refusals")
    axes.set_yscale("log")
    axes.set_ylim(top=axes.get_ylim()[1] * 2.5)  # room for the legend
    axes.set_ylabel("latency, ms")
    axes.legend(ncols=5, loc="upper left")


def _draw_percentile(
    axes: Axes, at_s: list[float], bins: list[Counter[int]], share: float, colour: str, style: str, label: str
) -> None:
    values = [percentile(latencies, share) for latencies in bins]
    if any(value is not None for value in values):
        points = [float("nan") if value is None else value for value in values]
        # Small marks, for a bin whose neighbours are empty is no line.
        axes.plot(at_s, points, style, color=colour, label=f"{label} p{share * 100:.0f}", marker=".", markersize=3)


def _mark_phases(axes: Axes, spans: Sequence[Span], first_s: float, *, named: bool) -> None:
    for span in spans:
        start, end = span.start_s - first_s, (span.end_s or span.start_s) - first_s
        if span.phase.role is Role.JUDGED:
            axes.axvspan(start, end, color=JUDGED_SHADE, zorder=0)
        axes.axvline(start, color="#9aa4af", linewidth=0.7)
        if named:
            axes.annotate(
                span.phase.name, (start, 1.01), xycoords=("data", "axes fraction"), fontsize=7, color="#5b6470"
            )


def _bins(by_second: Seconds, width: int) -> Seconds:
    """Tallies of `width` seconds each."""
    bins: Seconds = []
    for start in range(0, len(by_second), width):
        total = Tally()
        for tally in by_second[start : start + width]:
            total.add(tally)
        bins.append(total)
    return bins
