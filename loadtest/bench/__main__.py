"""`python -m loadtest.bench`: this service beside its peers, what the ingress costs, and where its time goes."""

import signal
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from loadtest.bench.measurement import Load, OtherRun, Runs
from loadtest.bench.peers.peer import SINGLE_PAPERS
from loadtest.bench.profiling import NoProfiler, flame_graph
from loadtest.bench.registry import COMPARED, ECHOES, PEERS
from loadtest.bench.report import bench_report, machine, versions
from loadtest.bench.runner import Plan, Runner, running
from loadtest.processes import DidNotStart
from pubserve import Paper
from training.data import read_papers
from training.report import write

SEED = 17

HELP = """Compare this service with other ways to do the same work: same papers, same machine, in turn.

\b
  run       all peers under all loads, several rounds; the report says which aims are held
  overhead  what HTTP and Ray Serve cost, with models that answer at once; needs no weights
  profile   a flame graph of one peer under a load

A measurement is kept as a file in --runs and not made again: a run that was stopped goes on where it was.

\b
Examples:
  pubserve bench run papers/ --quick                       a first look, in minutes
  pubserve bench run papers/ --peer pubserve --concurrency 32
  pubserve bench overhead papers/
"""

app = typer.Typer(
    help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False
)
err = Console(stderr=True)

PeerName = StrEnum("PeerName", {name: name for name in PEERS})  # type: ignore[misc]  # typer offers them as choices
OURS = PeerName("pubserve")

Papers = Annotated[Path, typer.Argument(help="Papers to read, in any format that training reads.")]
Rounds = Annotated[int, typer.Option(min=1, help="How often each peer has its turn.")]
Budget = Annotated[float, typer.Option(min=0.1, help="Seconds that each load lasts.")]
RunsDir = Annotated[Path, typer.Option("--runs", help="Where measurements are kept.")]
Out = Annotated[Path, typer.Option(help="Where the report goes: report.html, report.md, report.json.")]


@app.callback()
def main() -> None:
    # Ended from outside, it ends what it started: as with Ctrl-C, what is open is closed.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


@app.command()
def run(
    papers: Papers,
    peer: Annotated[
        list[PeerName] | None,
        typer.Option(metavar="NAME", help=f"Only this one; may be given several times. There are {', '.join(PEERS)}."),
    ] = None,
    rounds: Rounds = 3,
    concurrency: Annotated[
        list[int] | None, typer.Option(min=1, help="Papers in flight; may be given several times. Default: 1 8 32 128.")
    ] = None,
    budget_s: Budget = 30,
    quick: Annotated[bool, typer.Option("--quick", help="One round, 1 and 8 papers in flight, 3 s each.")] = False,
    runs: RunsDir = Path("runs/bench"),
    out: Out = Path("reports/bench"),
) -> None:
    """Measure the peers, all of them unless named, and write the report.

    \b
    Examples:
      pubserve bench run PAPERS
      pubserve bench run PAPERS --peer pubserve --peer flask --concurrency 1 --concurrency 32
      pubserve bench run PAPERS --quick --runs runs/bench-quick

    The exit status is 1 if a peer could not be measured, and 0 otherwise, whether or not the aims are held.
    """
    loads = [Load(concurrency=n) for n in concurrency] if concurrency else SINGLE_PAPERS
    if quick:
        rounds, loads, budget_s = 1, [Load(concurrency=1), Load(concurrency=8)], min(budget_s, 3.0)
    plan = Plan([PEERS[name] for name in peer or COMPARED], _read(papers), rounds, loads, budget_s)
    _measure(plan, papers, runs, out, title="Pubserve beside its peers")


@app.command()
def overhead(
    papers: Papers,
    rounds: Rounds = 3,
    budget_s: Budget = 10,
    runs: RunsDir = Path("runs/bench-overhead"),
    out: Out = Path("reports/bench-overhead"),
) -> None:
    """Measure the ingress with instant models, with Ray Serve's options on and off, beside plain FastAPI.

    \b
    Example:
      pubserve bench overhead PAPERS
    """
    plan = Plan(list(ECHOES.values()), _read(papers), rounds, SINGLE_PAPERS, budget_s)
    _measure(plan, papers, runs, out, title="What HTTP and Ray Serve cost")


@app.command()
def profile(
    papers: Papers,
    peer: Annotated[PeerName, typer.Option(metavar="NAME", help="Whose time.")] = OURS,
    process: Annotated[
        str | None, typer.Option(help="A part of a process's title, such as Ingress or ProxyActor; all if not given.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests in flight.")] = 32,
    papers_per_request: Annotated[int, typer.Option(min=1)] = 1,
    budget_s: Budget = 20,
    out: Annotated[Path, typer.Option(help="The flame graph, an SVG.")] = Path("reports/bench/profile.svg"),
) -> None:
    """Put a load on a peer and draw where its time goes.

    \b
    Examples:
      pubserve bench profile PAPERS
      pubserve bench profile PAPERS --peer ingress --process Ingress
    """
    chosen, drawn = PEERS[peer], _read(papers)
    work, load = chosen.works[0], Load(concurrency=concurrency, papers_per_request=papers_per_request)
    try:
        with (
            running(chosen, work, drawn, out.parent / "logs") as server,
            flame_graph(server.pid, out, process=process),
        ):
            outcome = chosen.drive(server.url, work, drawn, load, budget_s)
    except (DidNotStart, NoProfiler) as error:
        _fail(str(error))
    typer.echo(f"{outcome.papers_per_s:.1f} papers/s while it was looked at; see {out}")


def _measure(plan: Plan, papers: Path, runs: Path, out: Path, *, title: str) -> None:
    kept, failures = _kept_runs(plan, papers, runs)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err) as progress:
        bar = progress.add_task("starting", total=plan.size, completed=-1)
        runner = Runner(plan, kept, lambda doing: progress.update(bar, advance=1, description=doing), failures)
        runner.run()
        progress.update(bar, completed=plan.size, description="measured")
    measurements = list(kept)
    if not measurements:
        _fail(_said(runner.failures))
    circumstances = {**_circumstances(plan, papers), "versions": versions()}
    known = {peer.name for peer in plan.peers} | {measured.peer for measured in measurements}
    peers = [peer for peer in PEERS.values() if peer.name in known]
    report = bench_report(measurements, peers, runner.failures, circumstances, title=title)
    typer.echo(report.summary)
    for path in write(report, out):
        typer.echo(path)
    if runner.failures:
        _fail(_said(runner.failures))


def _kept_runs(plan: Plan, papers: Path, runs: Path) -> tuple[Runs, dict[str, str]]:
    try:
        return Runs(runs, _circumstances(plan, papers)), {}
    except OtherRun as error:
        _fail(str(error))


def _circumstances(plan: Plan, papers: Path) -> dict[str, str]:
    """What has to be the same for measurements to stand beside each other."""
    return {
        "machine": machine(),
        "papers": f"{len(plan.papers)} of {papers.name}, in one random order (seed {SEED})",
        "seconds per load": f"{plan.budget_s:g}",
    }


def _read(path: Path) -> Sequence[Paper]:
    records = list(read_papers(path))
    if not records:
        _fail(f"There are no papers in {path}.")
    Random(SEED).shuffle(records)
    return [Paper(id=record.id, title=record.title, abstract=record.abstract) for record in records]


def _said(failures: Mapping[str, str]) -> str:
    return "Not measured: " + "; ".join(f"{peer}: {why}" for peer, why in failures.items())


def _fail(message: str) -> NoReturn:
    err.print(message, style="red", markup=False, highlight=False)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
