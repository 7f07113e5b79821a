"""What became of the records of a file."""

import json
from pathlib import Path

from rich.console import Console

from pubserve.formats.records import Reason
from training.data.report import LISTED_DROPS_MAX, Dropped, ReadReport


def report_of(count: int) -> ReadReport:
    report = ReadReport(kept=7)
    for line in range(1, count + 1):
        report.drop(Dropped(Path("papers.csv"), line, Reason.NO_ID, "no id; expected one"))
    return report


def test_a_place_is_file_and_line_or_the_file_alone() -> None:
    assert Dropped(Path("a.csv"), 3, Reason.NO_ID, "").place == "a.csv:3"
    assert Dropped(Path("a.csv"), 0, Reason.EMPTY, "").place == "a.csv"


def test_all_drops_are_counted_and_a_bounded_number_listed() -> None:
    report = report_of(LISTED_DROPS_MAX + 5)

    assert report.dropped[Reason.NO_ID] == LISTED_DROPS_MAX + 5
    assert [drop.line for drop in report.drops] == list(range(1, LISTED_DROPS_MAX + 1))


def test_the_report_is_json() -> None:
    assert json.loads(json.dumps(report_of(1).as_dict())) == {
        "kept": 7,
        "dropped": {"no id": 1},
        "drops": [{"file": "papers.csv", "line": 1, "reason": "no id", "detail": "no id; expected one"}],
    }


def test_the_table_counts_by_reason_and_shows_the_first_places() -> None:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(report_of(1_500).table(rows=2))
    text = capture.get()

    assert "1,500" in text
    assert "papers.csv:2" in text
    assert "papers.csv:3" not in text
    assert "and 1,498 more" in text
