"""Command line of the faults: see `HELP`."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from loadtest.faults.catalog import FAULTS, Fault
from loadtest.faults.redis import MissingProgram
from loadtest.faults.report import (
    COUNTS,
    SOAK_HEAD,
    counted,
    markdown,
    read_outcomes,
    soak_markdown,
    write_into_page,
    write_outcomes,
    write_soak,
)
from loadtest.faults.site import Layout, site
from loadtest.faults.soak import soak as soak_for
from loadtest.faults.trial import Outcome, put_to_trial

HELP = """Faults in a running service under load: every paper is counted.

The service is real, on two or three Ray nodes of this host; its models are simulated.

\b
Examples:
  python -m loadtest.faults run                       every fault, one after the other: about ten minutes
  python -m loadtest.faults run --fault ingress       one of them
  python -m loadtest.faults run --page docs/reliability.md    and put the table into that page
  python -m loadtest.faults soak --minutes 30         memory and file handles under steady load
"""

app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None, add_completion=False)
console = Console(highlight=False)

NAMES = ", ".join(fault.name for fault in FAULTS)
OUT = Path("reports/faults")


@app.command()
def run(
    fault: Annotated[list[str] | None, typer.Option(help=f"One of {NAMES}; give several, or none for all.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for JSON and Markdown; other faults in it are kept.")] = OUT,
    page: Annotated[Path | None, typer.Option(help="Markdown page that gets the table, between its marks.")] = None,
) -> None:
    """Put the service to each trial. Exits with 1 if a paper was lost or answered twice."""
    unknown = set(fault or ()) - {known.name for known in FAULTS}
    if unknown:
        raise typer.BadParameter(f"there is no fault {', '.join(sorted(unknown))}; there are {NAMES}")
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    outcomes: list[Outcome] = []
    for layout in Layout:
        wanted = [known for known in FAULTS if known.layout is layout and (not fault or known.name in fault)]
        for outcome in _outcomes(layout, wanted):
            outcomes.append(outcome)
            write_outcomes(out, outcomes)  # kept, whatever becomes of the next one
            _show(outcome)
    if page is not None:
        write_into_page(page, "faults", markdown(read_outcomes(out)))
    if any(counted(outcome).lost or counted(outcome).doubled for outcome in outcomes):
        raise typer.Exit(1)


def _outcomes(layout: Layout, faults: Sequence[Fault]) -> Iterator[Outcome]:
    """One after the other, on one service."""
    if not faults:
        return
    try:
        with site(layout) as running:
            for fault in faults:
                if fault.needs_disk and not running.has_own_disk:
                    console.print(f"{fault.title}: left out, for no file system can be mounted here.")
                else:
                    yield asyncio.run(put_to_trial(running, fault))
    except MissingProgram as error:
        console.print(f"{', '.join(fault.title for fault in faults)}: left out, for {error}.")


@app.command()
def soak(
    minutes: Annotated[float, typer.Option(help="How long, after half a minute to warm up.")] = 30.0,
    out: Annotated[Path, typer.Option(help="Folder for `soak.json`.")] = OUT,
    page: Annotated[Path | None, typer.Option(help="Markdown page that gets the table, between its marks.")] = None,
) -> None:
    """Memory and file handles of every part under steady load: first, last and largest. Exits with 1 on a loss."""
    logging.getLogger("ray.serve").setLevel(logging.ERROR)
    with site() as running:
        seen = asyncio.run(soak_for(running, for_s=minutes * 60))
    write_soak(out, seen)
    if page is not None:
        write_into_page(page, "soak", soak_markdown(seen))
    table = Table(*SOAK_HEAD, title=f"{minutes:g} minutes, {seen.answered:,} of {seen.sent:,} answered")
    for row in seen.rows():
        table.add_row(*row)
    console.print(table)
    if seen.lost or seen.doubled:
        raise typer.Exit(1)


def _show(outcome: Outcome) -> None:
    counts = counted(outcome)
    told = ", ".join(f"{name} {getattr(counts, name):,}" for name in COUNTS)
    times = f"first answer {outcome.first_answer_s}, recovered {outcome.recovered_s}, whole {outcome.whole_s}"
    console.print(f"{outcome.title}: {told}; {times}; {outcome.wire}; {outcome.notes}; {counts.errors}")


if __name__ == "__main__":
    app()
