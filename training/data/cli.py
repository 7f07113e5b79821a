"""`python -m training data …`: look at papers, convert them, fetch them."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pubserve.errors import PubMedUnavailable
from pubserve.formats import WRITERS, Format, by_name
from pubserve.formats.reading import files_in
from pubserve.pubmed import EFETCH_URL, PubMed, is_pmid
from serve.model_store.store import default_cache_dir
from training.data.entrez import Entrez, PaperCache
from training.data.readers import read_papers
from training.data.report import MalformedRecord, ReadReport
from training.data.summary import FLAGS, QUANTILES, Summary, quantiles, summarise

HELP = """Look at labelled and unlabelled papers, convert them, fetch them from PubMed.

\b
Read are: folders Cancer/ and Non-Cancer/ with one abstract a file, delimited files with a header, JSONL, Parquet,
PubMed XML, MEDLINE (.nbib) and PubTator, plain or gzip, and folders of such files.

\b
Exit status: 0 when all went well, 1 when nothing could be read or --strict found something to drop, 2 for a mistake in
the command.
"""

cli = typer.Typer(name="data", help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)

out = Console()
err = Console(stderr=True)

Source = Annotated[Path, typer.Argument(exists=True, metavar="PATH", help="A file of papers, or a folder.")]
Target = Annotated[Path, typer.Argument(metavar="OUT", help="A .jsonl, .csv or .parquet file, or a new folder.")]
FormatOption = Annotated[Format | None, typer.Option("--format", help="Read as this format, whatever it looks like.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first record that cannot be used.")]

T = TypeVar("T")


@cli.command()
def inspect(
    path: Source,
    format: FormatOption = None,
    strict: Strict = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object in place of tables.")] = False,
) -> None:
    """Say what papers there are: format, labels, lengths, oddities, and what could not be used and why.

    \b
    Examples:
      pubserve train data inspect ../shared/data/abstracts
      pubserve train data inspect pubmed26n0001.xml.gz --json
      pubserve train data inspect labels.csv --strict
    """
    report = ReadReport()
    with _failures_told():
        formats = Counter(found.value if found else "unknown" for _, found in files_in(path, format))
        summary = summarise(_counted(read_papers(path, format=format, strict=strict, report=report)))
    if as_json:
        typer.echo(json.dumps({"files": dict(formats), **summary.as_dict(), **report.as_dict()}, indent=2))
    else:
        _print(out, _table(formats, summary, report))
        _tell(report, out)
    _insist_on_papers(report)


@cli.command()
def convert(path: Source, to: Target, format: FormatOption = None, strict: Strict = False) -> None:
    """Write the papers of PATH in another format, which OUT's ending says. Only JSONL keeps mentions.

    \b
    Examples:
      pubserve train data convert ../shared/data/abstracts abstracts.parquet
      pubserve train data convert labels.csv labelled/
      pubserve train data convert pubmed26n0001.xml.gz papers.jsonl
    """
    write = WRITERS[_target_format(to)]
    report = ReadReport()
    with _failures_told():
        papers = read_papers(path, format=format, strict=strict, report=report)
        # Without a first paper nothing is written, so that an earlier OUT is not replaced by an empty one.
        if first := next(papers, None):
            write(_counted(chain([first], papers)), to)
    _tell(report, err)
    _insist_on_papers(report)
    typer.echo(f"{report.kept} papers in {to}")


@cli.command()
def fetch(
    pmids: Annotated[str, typer.Argument(metavar="PMIDS", help="PMIDs with commas between, or a file of PMIDs.")],
    to: Target,
    strict: Annotated[bool, typer.Option("--strict", help="Fail if PubMed has no paper for a PMID.")] = False,
    email: Annotated[str | None, typer.Option(envvar="NCBI_EMAIL", help="Where NCBI can reach you.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where fetched papers are kept for the next time.")] = None,
    url: Annotated[str, typer.Option(help="Another address of efetch.")] = EFETCH_URL,
    api_key: Annotated[str | None, typer.Option(envvar="NCBI_API_KEY", hidden=True)] = None,
) -> None:
    """Fetch papers from PubMed, 200 a request, 3 requests a second; 10 with a key of NCBI in NCBI_API_KEY.

    What was fetched once is kept, so that a second run asks only for what is missing.

    \b
    Examples:
      pubserve train data fetch 31452104,31437182 papers.jsonl
      pubserve train data fetch pmids.txt papers.csv --email me@example.org
    """
    write = WRITERS[_target_format(to)]
    wanted = _pmids(pmids)
    with _failures_told():
        papers = PaperCache(cache or default_cache_dir() / "pubmed")
        with Entrez(papers, PubMed(email=email, api_key=api_key, url=url)) as entrez, _bar() as bar:
            row = bar.add_task("PMIDs", total=len(wanted))
            missing = entrez.fetch(wanted, lambda done, total: bar.update(row, completed=done))
            write(entrez.papers(wanted), to)
    typer.echo(f"{len(wanted) - len(missing)} papers in {to}")
    if missing:
        typer.echo(f"{len(missing)} not in PubMed, withdrawn, or empty: {', '.join(missing)}", err=True)
    if missing and (strict or len(missing) == len(wanted)):
        raise typer.Exit(1)


def _pmids(given: str) -> list[str]:
    try:
        text = Path(given).read_text(encoding="utf-8")
    except OSError:
        text = given
    pmids = list(dict.fromkeys(re.findall(r"[^\s,;]+", text)))
    strange = [pmid for pmid in pmids if not is_pmid(pmid)]
    if strange or not pmids:
        problem = f"{strange[0]!r} is neither a file nor a PMID" if strange else "no PMID"
        raise typer.BadParameter(f"{problem}; expected up to 8 digits each", param_hint="PMIDS")
    return pmids


def _target_format(to: Path) -> Format:
    format = by_name(to) if to.suffix else Format.FOLDER
    if format not in WRITERS or to.suffix in (".psv", ".tsv", ".gz"):
        raise typer.BadParameter("expected .jsonl, .csv or .parquet, or a folder's name", param_hint="OUT")
    return format


def _bar() -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


def _counted(papers: Iterable[T]) -> Iterator[T]:
    """The papers, with a count for whoever watches."""
    with _bar() as bar:
        yield from bar.track(papers, description="papers")


@contextmanager
def _failures_told() -> Iterator[None]:
    try:
        yield
    except (MalformedRecord, PubMedUnavailable, ValueError, OSError) as error:
        err.print("error:", end=" ", style="bold red")
        err.print(str(error), markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


def _insist_on_papers(report: ReadReport) -> None:
    if not report.kept:
        raise typer.Exit(1)


def _tell(report: ReadReport, console: Console) -> None:
    if report.dropped:
        _print(console, report.table())


def _print(console: Console, table: Table) -> None:
    # A pipe has no width of its own: give the table what it needs instead of folding it.
    (console if console.is_terminal else Console(width=200, stderr=console.stderr)).print(table)


def _table(formats: Counter[str], summary: Summary, report: ReadReport) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("files", ", ".join(f"{count:,} {name}" for name, count in formats.most_common()))
    table.add_row("papers", f"{report.kept:,} kept, {report.dropped.total():,} dropped")
    table.add_row("labels", ", ".join(f"{count:,} {name}" for name, count in summary.labels.most_common()))
    for name, lengths in (("title", summary.title_chars), ("abstract", summary.abstract_chars)):
        found = quantiles(lengths)
        table.add_row(f"{name}, characters", ", ".join(f"{key} {found.get(key, 0):,}" for key in QUANTILES))
    for name in FLAGS:
        table.add_row(name, f"{summary.flags[name]:,}")
    if summary.mentions:
        table.add_row("mentions", ", ".join(f"{count:,} {name}" for name, count in summary.mentions.most_common()))
    return table
