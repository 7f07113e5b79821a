"""What a run leaves behind."""

import json
from pathlib import Path

import pytest
from matplotlib.image import imread
from rich.console import Console

from loadtest.load.levels import Levels, judge
from loadtest.load.options import LoadOptions
from loadtest.load.report import show, write_report
from loadtest.load.shapes import Shape, Span
from loadtest.load.summary import Summary, summarise
from loadtest.load.timeline import Timeline

LEVELS = Levels.model_validate({"goodput_kept": 0.9, "refusals": {"p99_ms": 10}})


@pytest.fixture
def summary(timeline: Timeline, spans: list[Span]) -> Summary:
    options = LoadOptions(shape=Shape.OVERLOAD, levels_for="mine")
    return summarise(timeline, spans, options, host="http://test", complete=True, notes=["It was a Friday."])


def test_the_report_is_a_page_a_picture_and_data(
    tmp_path: Path, summary: Summary, timeline: Timeline, spans: list[Span]
) -> None:
    write_report(tmp_path / "new", summary, judge(summary, LEVELS), timeline, spans)
    data = json.loads((tmp_path / "new" / "summary.json").read_text(encoding="utf-8"))
    assert (data["held"], data["goodput_kept"], data["phases"][1]["name"]) == (False, 1.0, "overload")
    page = (tmp_path / "new" / "summary.md").read_text(encoding="utf-8")
    assert "## Service levels of `mine`: not held" in page
    assert "| refusals, p99 | ≤ 10 ms | 12 ms | NO |" in page
    assert "| overload | judged | 10 | 640.0 | 64.0 | 576.0 | 0 | 0 | - | - | - | 3000 | 3000 | 3000 |" in page
    assert "It was a Friday." in page
    picture = imread(tmp_path / "new" / "load.png")
    assert picture.shape[0] > 500
    assert picture.std() > 0


def test_a_run_without_a_single_request_leaves_a_report_too(tmp_path: Path) -> None:
    summary = summarise(Timeline(), [], LoadOptions(), host="http://test", complete=False)
    write_report(tmp_path, summary, judge(summary, Levels()), Timeline(), [])
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["held"] is False


def test_the_terminal_shows_phases_levels_and_notes(summary: Summary) -> None:
    recording = Console(record=True, width=160)
    show(summary, judge(summary, LEVELS), recording)
    text = recording.export_text()
    assert "overload" in text
    assert "≤ 10 ms" in text
    assert "It was a Friday." in text
