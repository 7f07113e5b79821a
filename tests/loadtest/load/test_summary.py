"""The figures of a run."""

import pytest

from loadtest.load.calls import Outcome
from loadtest.load.options import LoadOptions
from loadtest.load.shapes import Phase, Role, Shape, Span
from loadtest.load.summary import Summary, best_baseline, summarise
from loadtest.load.timeline import Timeline


def summary_of(timeline: Timeline, spans: list[Span]) -> Summary:
    return summarise(timeline, spans, LoadOptions(shape=Shape.OVERLOAD), host="http://test", complete=True)


def test_goodput_and_latencies_are_those_of_the_judged_phases(timeline: Timeline, spans: list[Span]) -> None:
    summary = summary_of(timeline, spans)
    assert summary.goodput_per_s == 64
    assert summary.offered_per_s == 640
    assert summary.callers["batch"].p95_ms == 3000
    assert summary.callers["single"].p95_ms is None


def test_goodput_is_compared_with_the_best_baseline(timeline: Timeline, spans: list[Span]) -> None:
    spans.insert(0, Span(Phase("2 callers", 5, 2, Role.BASELINE), 95.0, 100.0))
    assert best_baseline(timeline, spans) == 64
    assert summary_of(timeline, spans).goodput_kept == pytest.approx(1)
    assert summary_of(timeline, spans).offered_multiple == pytest.approx(10)


def test_papers_and_refusals_are_those_of_the_whole_run(timeline: Timeline, spans: list[Span]) -> None:
    timeline.sent("single", 1, 119)
    timeline.ended("single", Outcome(late=1), 31, 121)  # in the drain
    summary = summary_of(timeline, spans)
    assert (summary.papers.answered, summary.papers.late, summary.papers.refused) == (1280, 1, 5760)
    assert summary.papers_by_caller["single"].late == 1
    assert (summary.refusals.requests, summary.refusals.max_ms) == (90, 12)
    assert summary.papers.late_share == pytest.approx(1 / 7041)


def test_phases_are_cut_at_whole_seconds_and_none_is_counted_twice() -> None:
    timeline = Timeline()
    for second in range(10):
        timeline.ended("single", Outcome(answered=1), 0.1, second)
    spans = [Span(Phase("a", 4.3, 1), 0.0, 4.3), Span(Phase("b", 5.7, 1), 4.3, 10.0)]
    phases = summary_of(timeline, spans).phases
    assert [phase.seconds for phase in phases] == [5, 5]
    assert [phase.goodput_per_s for phase in phases] == [1, 1]


def test_a_run_that_never_began_has_figures_too() -> None:
    summary = summary_of(Timeline(), [])
    assert summary.papers.offered == 0
    assert summary.goodput_kept is None
    assert summary.papers.failed_share == 0
