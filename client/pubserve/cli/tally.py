"""How a run of `pubserve analyze` goes, and what it came to: for people on stderr, or as JSON for machines."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from pubserve import Progress
from pubserve._progress import REDRAW_S, OnProgress
from pubserve.cli.intake import Intake, Malformed

SHOWN_MALFORMED_MAX = 20
NOTHING_YET = Progress(done=0, failed=0, resumed=0, total=None, elapsed_s=0.0)

err = Console(stderr=True, highlight=False)


@dataclass(slots=True)
class Tally:
    """What a run came to, for people and for machines."""

    intake: Intake
    out: Path | None
    progress: Progress = NOTHING_YET

    @property
    def failed(self) -> int:
        return self.progress.failed

    def tell(self, as_json: bool, problem: str | None, remedy: str | None) -> None:
        """On stderr, or as JSON: on standard output, unless the answers are there."""
        if as_json:
            typer.echo(json.dumps(self.as_dict(problem)), err=self.out is None)
            return
        if problem:
            err.print(f"Stopped: {problem}", style="red", markup=False, soft_wrap=True)
        malformed = self.intake.malformed.total()
        if malformed > SHOWN_MALFORMED_MAX:
            err.print(f"… and {malformed - SHOWN_MALFORMED_MAX:,} more records that cannot be read")
        counts = [
            (self.progress.done - self.progress.failed, "answered"),
            (self.progress.resumed, "of them by an earlier run"),
            (self.progress.failed, "failed"),
            (malformed, "record could not be read" if malformed == 1 else "records could not be read"),
            (self.intake.duplicates, "duplicate left out" if self.intake.duplicates == 1 else "duplicates left out"),
            (self.intake.deleted, "deleted by PubMed"),
        ]
        said = ", ".join(f"{count:,} {what}" for count, what in counts if count or what == "answered")
        where = f" in {self.out}" if self.out and not problem else ""
        err.print(
            f"{said}; {self.progress.elapsed_s:.0f} s, {self.progress.per_s:.1f} papers a second{where}",
            markup=False,
            soft_wrap=True,
        )
        if remedy and self.progress.done:
            err.print(remedy, markup=False, soft_wrap=True)

    def as_dict(self, problem: str | None) -> dict[str, Any]:
        """The same in JSON's types; malformed records are listed up to a thousand."""
        return {
            "answered": self.progress.done - self.progress.failed,
            "failed": self.progress.failed,
            "resumed": self.progress.resumed,
            "duplicates": self.intake.duplicates,
            "deleted_by_pubmed": self.intake.deleted,
            "malformed": {reason.value: count for reason, count in self.intake.malformed.items()},
            "malformed_records": [
                {"file": bad.file, "line": bad.line, "reason": bad.reason.value, "detail": bad.detail}
                for bad in self.intake.listed
            ],
            "elapsed_s": round(self.progress.elapsed_s, 3),
            "papers_per_s": round(self.progress.per_s, 3),
            "output": str(self.out) if self.out else None,
            "problem": problem,
        }


@contextmanager
def shown(intake: Intake) -> Iterator[OnProgress]:
    """A bar on a terminal, and what could not be read above it as it comes."""
    columns = (SpinnerColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    shown = 0
    drawn_s = 0.0
    with Bar(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        row = bar.add_task("papers", total=None)

        def draw(progress: Progress) -> None:
            nonlocal drawn_s
            if time.monotonic() - drawn_s > REDRAW_S:
                drawn_s = time.monotonic()
                bar.update(row, completed=progress.done, description=f"papers, {progress.per_s:.1f}/s")

        def on_malformed(malformed: Malformed) -> None:
            nonlocal shown
            shown += 1
            if shown <= SHOWN_MALFORMED_MAX:
                err.print(str(malformed), style="yellow", markup=False, soft_wrap=True)

        intake.on_malformed = on_malformed
        yield draw
