"""A report in its three forms."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from training.evaluation import Estimate
from training.occlusion import Explanation, WordEffect
from training.report import (
    ErrorAnalyses,
    ErrorAnalysis,
    Figure,
    KeyFigure,
    KeyFigures,
    Prose,
    Report,
    Section,
    Table,
    write,
)
from training.report.render import cell_text, to_html, to_json, to_markdown

HOSTILE = "<script>alert('1 < 2')</script> | *bold* & \"quoted\""
ACCURACY = Estimate(0.9, 0.85, 0.93)
EFFECTS = (WordEffect("tumour", 2.0), WordEffect("grew", 0.1))


def report(text: str = "All is well.") -> Report:
    error = ErrorAnalysis(
        paper_id="paper-7",
        title=f"On tumours {text}",
        truth="Cancer",
        explanation=Explanation(
            0.2, (f"The tumour grew {text}",), (WordEffect("tumour", 2.0), WordEffect("grew", 0.1))
        ),
    )
    numbers = Table("Accuracy of both", ["model", "accuracy"], [[f"ours {text}", ACCURACY], ["rule", None]])
    return Report(
        title=f"A report {text}",
        summary=text,
        circumstances={"machine": "two cores", "n": "160"},
        sections=[
            Section("Quality", [Prose(text), KeyFigures([KeyFigure("accuracy", ACCURACY, text)]), numbers]),
            Section("Drawn", [Figure("What is drawn", "Two bars", "<svg><title>two bars</title></svg>", numbers)]),
            Section("Errors", [ErrorAnalyses("ours", [error])]),
        ],
    )


class Reader(HTMLParser):
    """What a browser would see: tags that need closing are closed in order, and what is fetched from elsewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""
        self.fetched: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href") and value and value[0] != "#"]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_three_files_are_written_with_the_same_bytes_every_time(tmp_path: Path) -> None:
    paths = write(report(), tmp_path / "one")

    assert [path.name for path in paths] == ["report.json", "report.md", "report.html"]
    again = write(report(), tmp_path / "two")
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]


def test_the_page_is_well_formed_and_fetches_nothing() -> None:
    html = to_html(report())
    page = Reader(html)

    assert page.open == []
    assert page.fetched == []
    assert "@import" not in html
    assert "url(" not in html


def test_text_of_papers_cannot_become_markup() -> None:
    page = Reader(to_html(report(HOSTILE)))

    assert "script" not in page.seen
    # Title and heading, summary, prose, key figure, table, numbers of the figure, title and sentence of the error.
    assert page.text.count(HOSTILE) == 9
    assert page.open == []


def test_the_words_that_drove_an_error_are_marked() -> None:
    html = to_html(report())

    assert re.findall(r"<mark class=\"(\w+)\"[^>]*>(\w+)</mark>", html) == [("for", "tumour")]


def test_json_holds_full_numbers_and_no_sentence_of_a_paper() -> None:
    text = to_json(report())
    loaded = json.loads(text)

    assert loaded["circumstances"]["n"] == "160"
    assert loaded["sections"][0]["blocks"][2]["rows"][0][1] == {"value": 0.9, "low": 0.85, "high": 0.93}
    assert loaded["sections"][2]["blocks"][0]["errors"][0]["words"][0] == {"word": "tumour", "effect": 2.0}
    assert "The tumour grew" not in text
    assert "On tumours" not in text


def test_markdown_has_the_numbers_of_a_figure_and_the_words_of_an_error() -> None:
    text = to_markdown(report())

    assert "| ours All is well. | 0.900 (0.850 to 0.930) |" in text
    assert "| paper-7 | Cancer | 0.200 | tumour +2.00, grew +0.10 |" in text
    assert text.count("What is drawn") == 1
    assert "<svg" not in text
    assert "The tumour grew" not in text


def test_markdown_keeps_hostile_text_inside_its_cell() -> None:
    rows = [line for line in to_markdown(report(HOSTILE)).splitlines() if line.startswith("| ours")]

    assert len(rows) == 2
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 3
        assert r"\<script\>" in row


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "-"), ("as it is", "as it is"), (1234567, "1,234,567"), (0.95625, "0.956"), (0.0, "0.000"),
        (0.00012, "0.00012"), (42.13, "42.1"), (1234.5, "1,234"), (ACCURACY, "0.900 (0.850 to 0.930)"),
    ],
)  # fmt: skip
def test_cells_are_read_by_people(cell: str | int | float | Estimate | None, text: str) -> None:
    assert cell_text(cell) == text
