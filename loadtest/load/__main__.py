"""`python -m loadtest.load`: a load test without a web page, its report, and an exit status that says how it went."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console

from loadtest.load.exits import NOT_RUN
from loadtest.load.levels import LevelsError, read_levels
from loadtest.load.options import SHIPPED_LEVELS, LoadOptions
from loadtest.load.report import SUMMARY_JSON
from loadtest.load.shapes import Shape
from loadtest.processes import free_port

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
READY_TIMEOUT_S = 15.0
DEFAULTS = LoadOptions()


def main(
    host: Annotated[str, typer.Option(help="Where the service is.")] = "http://127.0.0.1:8000",
    shape: Annotated[Shape, typer.Option(help="Shape of the load, see above.")] = DEFAULTS.shape,
    callers: Annotated[
        int, typer.Option(help="Closed-loop callers at the height of the shape (overload: of its middle step).")
    ] = DEFAULTS.callers,
    duration: Annotated[str, typer.Option(help="90s, 5m, 1h30m; work still under way then is waited for.")] = "5m",
    papers: Annotated[
        Path | None, typer.Option(help="Folder or file of papers to send; if not given, made-up ones as long as real.")
    ] = None,
    levels: Annotated[
        Path, typer.Option(help="File of service levels.", show_default="the one shipped")
    ] = SHIPPED_LEVELS,
    levels_for: Annotated[str, typer.Option(help="Deployment in that file whose levels have to hold.")] = "cpu",
    interactive_deadline_s: Annotated[
        float, typer.Option(help="Deadline of requests of one paper.")
    ] = DEFAULTS.interactive_deadline_s,
    bulk_deadline_s: Annotated[float, typer.Option(help="Deadline of batches and streams.")] = DEFAULTS.bulk_deadline_s,
    offered_multiple: Annotated[
        float, typer.Option(help="Shape overload: arrivals, as a multiple of the best goodput.")
    ] = DEFAULTS.offered_multiple,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that make the load; one core each is what they can use.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="Of papers, sizes and arrivals.")] = DEFAULTS.seed,
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = DEFAULTS.out,
) -> None:
    """Put a running service under load, and say whether its service levels held.

    Callers ask as real ones do: single papers and chats (interactive),
    batches of 64, batches of mixed sizes and streams (bulk). Refused, they
    come back when Retry-After says. Every answer is checked.

    \b
    steady    the same load all the time
    ramp      ever more callers, step by step
    spike     few callers, many, and few again
    square    few and many in turns, for an autoscaler to follow
    soak      steady for long, told by quarters (--duration 4h)
    overload  the best goodput of callers that wait for their answers, then
              ten times as many papers from callers that do not: who is
              refused, how fast, and what becomes of the others

    \b
    Examples:
      pubserve load --duration 60s
      pubserve load --host http://10.0.0.7:8000 --shape ramp --callers 32 --papers papers/
      pubserve load --shape overload --duration 10m --out reports/overload

    \b
    Report    summary.md, load.png, summary.json; locust* is Locust's own
    Exit      0 the levels held, 1 they did not, 2 not run to its end
    """
    try:
        options = LoadOptions(
            shape=shape, callers=callers, duration=duration, papers=papers, seed=seed,
            interactive_deadline_s=interactive_deadline_s, bulk_deadline_s=bulk_deadline_s,
            offered_multiple=offered_multiple, levels=levels, levels_for=levels_for, out=out,
        )  # fmt: skip
        read_levels(options.levels, options.levels_for, options.shape)
    except ValidationError as error:
        first = error.errors()[0]
        _give_up(f"--{str(first['loc'][0]).replace('_', '-')}: {first['msg']}")
    except LevelsError as error:
        _give_up(str(error))
    if papers and not papers.exists():
        _give_up(f"--papers: there is nothing at {papers}; leave it out to send made-up papers")
    _require_ready(host)
    raise typer.Exit(run_locust(host, options, workers))


def run_locust(host: str, options: LoadOptions, workers: int) -> int:
    """Run locust with our locustfile; its exit status, `NOT_RUN` if it left no report."""
    options.out.mkdir(parents=True, exist_ok=True)
    summary = options.out / SUMMARY_JSON
    summary.unlink(missing_ok=True)
    prefix = options.out / "locust"
    command = [
        sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--host", host, "--headless", "--only-summary",
        "--loglevel", "WARNING", "--html", f"{prefix}.html", "--csv", str(prefix), "--json-file", str(prefix),
        *options.arguments(), *(_distributed(workers) if workers > 1 else ()),
    ]  # fmt: skip
    process = subprocess.Popen(command)
    while True:
        try:
            status = process.wait()
            break
        except KeyboardInterrupt:
            continue  # locust got it too: it stops its users and writes what there is
    return status if summary.exists() else NOT_RUN


def _distributed(workers: int) -> list[str]:
    port = str(free_port())
    return [
        "--processes", str(workers), "--master-bind-host", "127.0.0.1", "--master-bind-port", port,
        "--master-port", port,
    ]  # fmt: skip


def _require_ready(host: str) -> None:
    try:
        answer = httpx.get(f"{host.rstrip('/')}/readyz", timeout=READY_TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        _give_up(f"--host: {host} does not answer ({error}); start it with `make serve`")
    if not answer.is_success:
        _give_up(f"--host: {host} is not ready: /readyz answered {answer.status_code}; try again when it is")


def _give_up(message: str) -> NoReturn:
    Console(stderr=True).print(message, markup=False, soft_wrap=True)
    raise typer.Exit(NOT_RUN)


if __name__ == "__main__":
    typer.run(main)
