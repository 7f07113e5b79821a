"""The line for whoever watches."""

from loadtest.load.progress import line_of
from loadtest.load.shapes import Span
from loadtest.load.timeline import Timeline


def test_the_line_tells_the_phase_and_the_last_seconds(timeline: Timeline, spans: list[Span]) -> None:
    timeline.sent("batch", 64, 118)  # still under way
    line = line_of(timeline, spans[:2], now_s=119.5, over_s=5)
    assert line.startswith("   20 s  overload")
    assert "652.8 offered" in line
    assert "64.0 answered" in line
    assert "in flight    64" in line


def test_before_anything_happened_there_is_a_line_too() -> None:
    assert "0.0 offered" in line_of(Timeline(), [], now_s=5, over_s=5)
