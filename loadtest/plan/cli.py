"""`pubserve-plan`: what a corpus takes, from measured or stated speeds, and how well that foretells a real run."""

import asyncio
import json
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from loadtest.plan.inputs import PUBMED_PAPERS, Lengths, Machine, Speed, Speeds, Workload
from loadtest.plan.measure import Incomplete, Read, measure, predict_s, read
from loadtest.plan.planner import Impossible, Plan, plan
from pubserve import AsyncClient, Paper
from pubserve.errors import PubserveError
from training.data import read_papers

EXAMPLES = """How many replicas and machines, how many hours and how much money a corpus takes.

\b
Examples:
  pubserve plan measure http://127.0.0.1:8000 --papers FOLDER --out speeds.json
                                   the speeds of a running service, each model alone and both at once
  pubserve plan corpus --speeds speeds.json --papers FOLDER --price 0.40
                                   all of PubMed (38 million papers) in a day on machines like that one
  pubserve plan corpus --classifier-tokens-per-s 60000 --extractor-tokens-per-s 9000 --mean-chars 1500 \\
      --classifier-share 0.1 --extractor-share 0.9 --price 2.50 --deadline-h 24 --deadline-h 168
                                   from stated speeds, in a day and in a week
  pubserve plan validate http://127.0.0.1:8000 --papers FOLDER
                                   measure on some papers, foretell the time of others, and compare

Papers go through both models at once: the slower one sets the pace. A measured speed counts the tokens of papers, so
that padding is in it already; a speed stated for full batches is lowered by the padding of these papers
(--dense-batch-tokens).
"""
TOLERATED = 0.15
TIMEOUT_S = 3600.0

Result = TypeVar("Result")

app = typer.Typer(
    name="pubserve plan", help=EXAMPLES, no_args_is_help=True, rich_markup_mode=None,
    pretty_exceptions_enable=False, add_completion=False,
)  # fmt: skip
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Url = Annotated[str, typer.Argument(help="A running service.")]
Papers = Annotated[Path, typer.Option("--papers", help="A file or folder of papers, in any format training reads.")]
Count = Annotated[int, typer.Option(help="Papers to send in each batch, drawn at random with a fixed seed.", min=16)]
Replicas = Annotated[int, typer.Option(help="Replicas of each model that the service runs.", min=1)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]


def cli() -> None:
    """Run the command; a failure is one message with what to do, and a non-zero exit status."""
    try:
        app()
    except (Impossible, Incomplete, PubserveError, OSError, ValueError) as error:
        err.print(f"[red]{error}[/red]")
        raise SystemExit(1) from None


@app.command()
def corpus(
    papers: Annotated[
        Path | None, typer.Option(help="A file or folder of papers that are as long as those of the corpus.")
    ] = None,
    mean_chars: Annotated[
        float | None, typer.Option(help="Without --papers: characters of a paper, title and abstract together.")
    ] = None,
    count: Annotated[int, typer.Option(help="Papers in the corpus.", min=1)] = PUBMED_PAPERS,
    deadline_h: Annotated[list[float] | None, typer.Option(help="Hours there are; give several to compare.")] = None,
    speeds: Annotated[Path | None, typer.Option(help="What `measure --out` wrote.", exists=True)] = None,
    classifier_tokens_per_s: Annotated[float | None, typer.Option(help="Of one replica, where stated.")] = None,
    extractor_tokens_per_s: Annotated[float | None, typer.Option(help="Of one replica, where stated.")] = None,
    classifier_share: Annotated[float, typer.Option(help="Of a machine, that one replica takes.")] = 0.5,
    extractor_share: Annotated[float, typer.Option(help="Of a machine, that one replica takes.")] = 0.5,
    dense_batch_tokens: Annotated[
        int | None, typer.Option(help="The stated speeds are of batches of so many tokens without padding.")
    ] = None,
    efficiency: Annotated[float, typer.Option(help="Of many replicas, over as many times one.")] = 0.95,
    start_s: Annotated[float, typer.Option(help="From an empty machine to the first paper.")] = 300.0,
    price: Annotated[float, typer.Option(help="Of one machine for one hour.")] = 0.0,
    currency: Annotated[str, typer.Option(help="As it is printed.")] = "USD",
    as_json: AsJson = False,
) -> None:
    """Replicas, machines, hours and money for a corpus."""
    if speeds is not None:
        known = Speeds.load(speeds)
    elif classifier_tokens_per_s and extractor_tokens_per_s:
        known = Speeds(
            classifier=Speed(tokens_per_s=classifier_tokens_per_s, dense_batch_tokens=dense_batch_tokens),
            extractor=Speed(tokens_per_s=extractor_tokens_per_s, dense_batch_tokens=dense_batch_tokens),
        )
    else:
        raise typer.BadParameter(
            "the speed of both models is needed: --speeds FILE of `pubserve plan measure`, or "
            "--classifier-tokens-per-s and --extractor-tokens-per-s"
        )
    known = known.model_copy(
        update={
            "efficiency": efficiency,
            "classifier": _on_machine(known.classifier, classifier_share, start_s),
            "extractor": _on_machine(known.extractor, extractor_share, start_s),
        }
    )
    lengths = _lengths(papers, mean_chars)
    machine = Machine(price_per_hour=price, currency=currency)
    plans = {
        hours: plan(Workload(papers=count, lengths=lengths, deadline_h=hours), known, machine)
        for hours in deadline_h or [24.0]
    }
    if as_json:
        out.print_json(json.dumps({f"{hours:g}": of.model_dump() for hours, of in plans.items()}))
        return
    out.print(_table(plans, count=count, lengths=lengths))


@app.command("measure")
def measure_command(
    url: Url,
    papers: Papers,
    count: Count = 64,
    replicas: Replicas = 1,
    save: Annotated[Path | None, typer.Option("--out", help="Write the speeds here, for `corpus --speeds`.")] = None,
    as_json: AsJson = False,
) -> None:
    """The speeds of a running service: each model alone, then both at once, on the same papers."""
    [batch] = _draw(papers, count, batches=1)
    speeds, reads = _with_status(f"{count} papers, three times", _measure(url, batch, replicas))
    if save is not None:
        speeds.save(save)
    if as_json:
        out.print_json(speeds.model_dump_json())
        return
    out.print(_speeds_table(speeds, reads))


@app.command()
def validate(url: Url, papers: Papers, count: Count = 64, replicas: Replicas = 1, as_json: AsJson = False) -> None:
    """Measure on some papers, foretell the time of as many others, and compare. Exits with 1 beyond 15 %."""
    measured, others = _draw(papers, count, batches=2)
    speeds, reads = _with_status(f"{count} papers, three times", _measure(url, measured, replicas))
    foretold_s = predict_s(speeds, others, replicas=replicas)
    taken_s = _with_status(f"{count} other papers, foretold {foretold_s:.1f} s", _read(url, others, replicas)).seconds
    error = foretold_s / taken_s - 1
    if as_json:
        out.print_json(json.dumps({"foretold_s": foretold_s, "measured_s": taken_s, "relative_error": error}))
    else:
        out.print(_speeds_table(speeds, reads))
        out.print(f"{count} other papers: foretold {foretold_s:.1f} s, measured {taken_s:.1f} s, error {error:+.1%}")
    if abs(error) > TOLERATED:
        raise typer.Exit(1)


async def _measure(url: str, papers: Sequence[Paper], replicas: int) -> tuple[Speeds, dict[str, Read]]:
    async with AsyncClient(url, timeout=TIMEOUT_S) as client:
        return await measure(client, papers, replicas=replicas)


async def _read(url: str, papers: Sequence[Paper], replicas: int) -> Read:
    async with AsyncClient(url, timeout=TIMEOUT_S) as client:
        return await read(client.analyze, papers, replicas=replicas)


def _on_machine(speed: Speed, share: float, start_s: float) -> Speed:
    return speed.model_copy(update={"share_of_machine": share, "start_s": start_s})


def _lengths(path: Path | None, mean_chars: float | None) -> Lengths:
    if path is not None:
        return Lengths.of((paper.title, paper.abstract) for paper in read_papers(path))
    if mean_chars is not None:
        return Lengths(chars=(round(mean_chars),))
    raise typer.BadParameter("how long are the papers? Give --papers with some of them, or --mean-chars")


def _draw(path: Path, count: int, *, batches: int) -> list[list[Paper]]:
    """Batches of different papers."""
    found = list(read_papers(path))
    if len(found) < count * batches:
        raise ValueError(f"{path} holds {len(found)} papers; {count * batches} are needed: lower --count")
    drawn = random.Random(0).sample(found, count * batches)
    papers = [Paper(id=paper.id, title=paper.title, abstract=paper.abstract) for paper in drawn]
    return [papers[start : start + count] for start in range(0, len(papers), count)]


def _with_status(what: str, work: Coroutine[None, None, Result]) -> Result:
    with err.status(what):
        return asyncio.run(work)


def _table(plans: Mapping[float, Plan], *, count: int, lengths: Lengths) -> Table:
    table = Table(
        title=f"{count:,} papers of {lengths.mean_chars:,.0f} characters",
        caption="Both models read every paper at the same time; the slower one sets the pace. Every machine is paid "
        "for all the hours.",
    )
    table.add_column("deadline")
    for deadline_h in plans:
        table.add_column(f"{deadline_h:g} h", justify="right")
    for name, show in _ROWS.items():
        table.add_row(name, *map(show, plans.values()))
    return table


_ROWS: dict[str, Callable[[Plan], str]] = {
    "classifier replicas": lambda of: f"{of.classifier.replicas:,}",
    "extractor replicas": lambda of: f"{of.extractor.replicas:,}",
    "machines": lambda of: f"{of.machines:,}",
    "hours": lambda of: f"{of.hours:,.1f}",
    "money": lambda of: f"{of.money:,.2f} {of.currency}",
    "papers per second": lambda of: f"{min(of.classifier.papers_per_s, of.extractor.papers_per_s):,.1f}",
    "tokens read by both": lambda of: f"{of.classifier.tokens + of.extractor.tokens:,.0f}",
    "the pace is set by the": lambda of: of.bound_by,
    "utilisation of the classifiers": lambda of: f"{of.classifier.utilisation:.0%}",
    "utilisation of the extractors": lambda of: f"{of.extractor.utilisation:.0%}",
}


def _speeds_table(speeds: Speeds, reads: Mapping[str, Read]) -> Table:
    table = Table(
        title=f"{reads['both'].papers} papers of {reads['both'].chars / reads['both'].papers:,.0f} characters"
    )
    for column in ("read by", "seconds", "papers/s", "tokens/s of a replica"):
        table.add_column(column, justify="left" if column == "read by" else "right")
    per_s = {"classifier": speeds.classifier.tokens_per_s, "extractor": speeds.extractor.tokens_per_s}
    for name, of in reads.items():
        tokens = f"{per_s[name]:,.0f}" if name in per_s else ""
        table.add_row(name, f"{of.seconds:.1f}", f"{of.papers / of.seconds:.2f}", tokens)
    table.caption = f"At work beside the other, the slower one has {speeds.in_company:.0%} of its speed alone."
    return table
