"""How a job goes, on a terminal: papers, rate, and when it will be done by the share of the input's bytes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from bulk.job import Progress

ETA_OVER_S = 600.0
"""Units come in bursts, one from each worker: the rate is taken over a while."""


@contextmanager
def shown_on(console: Console) -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal; nothing where output is piped."""
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        TimeElapsedColumn(), TextColumn("left:"), TimeRemainingColumn(),
    )  # fmt: skip
    disable = not console.is_terminal
    with Bar(*columns, console=console, transient=True, disable=disable, speed_estimate_period=ETA_OVER_S) as bar:
        row = bar.add_task("the models load", total=None)

        def draw(progress: Progress) -> None:
            failed = sum(progress.totals.failed.values())
            said = f"{progress.totals.papers:,} papers, {progress.papers_per_s:,.1f}/s"
            said += f", {failed:,} failed" if failed else ""
            bar.update(row, total=progress.size_bytes, completed=progress.totals.read_bytes, description=said)

        yield draw
