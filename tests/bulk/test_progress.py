"""The bar of a job: on a terminal, and nowhere else."""

from io import StringIO

from rich.console import Console

from bulk.job import Progress
from bulk.ledger import UnitEntry
from bulk.progress import shown_on
from bulk.totals import Totals
from bulk.worker import Done


def progress() -> Progress:
    entry = UnitEntry(
        source=0, number=0, is_last=False, read_bytes=500, papers=1234, failed={"no id": 2}, deleted=0,
        labels={}, diseases={}, warnings={},
    )  # fmt: skip
    totals = Totals()
    totals.add(entry)
    return Progress(Done(entry, "node:1", 0.0, 1.0, 1.0), totals, resumed=234, size_bytes=1000, elapsed_s=10.0)


def drawn(*, terminal: bool) -> str:
    output = StringIO()
    with shown_on(Console(file=output, force_terminal=terminal, width=120)) as draw:
        draw(progress())
    return output.getvalue()


def test_a_terminal_shows_papers_rate_failures_and_share() -> None:
    shown = drawn(terminal=True)

    assert "1,234 papers, 100.0/s, 2 failed" in shown
    assert "50%" in shown


def test_a_pipe_shows_nothing() -> None:
    assert drawn(terminal=False).strip() == ""
