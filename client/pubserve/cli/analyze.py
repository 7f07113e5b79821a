"""`pubserve analyze`: papers in, answers out, and an exit status that says how it went."""

from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from pubserve import Batching, Client, Progress, Task
from pubserve.cli.exits import FAILED_PAPERS, INTERRUPTED, UNREACHABLE, USAGE_ERROR
from pubserve.cli.intake import STDIN, Intake, pmids_in
from pubserve.cli.options import AsJson, Url
from pubserve.cli.outputs import OutputFormat, journal_of, writing
from pubserve.cli.tally import Tally, shown
from pubserve.errors import InvalidArgument, PubserveError
from pubserve.formats import Format

_DEFAULTS = Batching()


def analyze(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILES", help="Files of papers, or folders of them; - is stdin.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A .jsonl, .csv or .parquet file; without it JSONL on standard output."),
    ] = None,
    pmid: Annotated[
        list[str] | None,
        typer.Option(help="Papers of PubMed: numbers with commas between, or a file of them; several times."),
    ] = None,
    tasks: Annotated[
        str | None, typer.Option(help=f"With commas between: {', '.join(Task)}.", show_default="labels,diseases")
    ] = None,
    format: Annotated[
        Format | None, typer.Option("--format", help="Read the files as this, whatever they look like.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run into this output broke off.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin anew, whatever is in the output.")] = False,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Papers in a request.")] = _DEFAULTS.max_papers,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once.")] = _DEFAULTS.concurrency,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a service that has gone away or refuses.")
    ] = _DEFAULTS.patience_s,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Read papers: is each about cancer, how sure is that, and which diseases does it name where?

    Read are delimited files with a header (columns such as id, title, abstract), JSONL, Parquet, PubMed XML, MEDLINE
    (.nbib), PubTator, and folders of these or of texts with <ID:…>, Title: and Abstract:, plain or gzip. A record that
    cannot be used is named with its file and line, and the rest goes on.

    A .jsonl output gets every answer as soon as it is there. A .csv or .parquet is written at the end, in the order of
    the papers; until then the answers are in OUT.partial.jsonl. A run that was killed loses nothing: the same command
    with --resume asks only for what is not answered, and again for what failed.

    \b
    Examples:
      pubserve analyze papers.csv -o answers.csv
      pubserve analyze pubmed26n0001.xml.gz -o answers.parquet --tasks labels,diseases,summary
      pubserve analyze corpus/ more.nbib -o answers.jsonl --resume
      pubserve analyze --pmid 30872385,31452104 | jq .extracted_diseases
      cut -f1 found.tsv > pmids.txt; pubserve analyze --pmid pmids.txt -o answers.csv

    \b
    Exit status: 0 all papers answered; 1 some failed or could not be read; 2 a mistake in the command, or nothing to
    read; 3 the service (or NCBI) cannot be reached or refuses; 130 interrupted.
    """
    given = files or []
    _require_readable(given, pmid or [])
    journal = _journal(out, resume=resume, overwrite=overwrite)
    intake = Intake(given, _pmids(pmid or []), format)
    batching = Batching(max_papers=batch, concurrency=concurrency, patience_s=patience)
    tally = Tally(intake, out)
    try:
        with Client(url) as client, shown(intake) as draw:

            def on_progress(progress: Progress) -> None:
                tally.progress = progress
                draw(progress)

            answers = client.analyze_many(
                intake,
                tasks.replace(",", " ").split() if tasks else None,
                ordered=out is not None and out.suffix != OutputFormat.JSONL,
                batching=batching,
                journal=journal,
                progress=on_progress,
            )
            with closing(answers), writing(out) as write:
                for result in answers:
                    write(result)
    except KeyboardInterrupt:
        tally.tell(as_json, "interrupted", _how_to_go_on(out))
        raise typer.Exit(INTERRUPTED) from None
    except (InvalidArgument, OSError) as error:  # the latter: a file that may not be read, a disk that is full
        tally.tell(as_json, str(error), None)
        raise typer.Exit(USAGE_ERROR) from None
    except PubserveError as error:
        tally.tell(as_json, str(error), _how_to_go_on(out))
        raise typer.Exit(UNREACHABLE) from None
    if journal and journal != out and not tally.failed:
        journal.unlink(missing_ok=True)
    nothing = not intake.papers
    tally.tell(as_json, "there was no paper to read" if nothing else None, None)
    raise typer.Exit(USAGE_ERROR if nothing else FAILED_PAPERS if tally.failed or intake.malformed else 0)


def _require_readable(files: list[Path], pmid: list[str]) -> None:
    if not files and not pmid:
        raise typer.BadParameter("name files of papers, - for standard input, or --pmid", param_hint="FILES")
    for file in files:
        if file != STDIN and not file.exists():
            raise typer.BadParameter(f"there is nothing at {file}", param_hint="FILES")


def _pmids(given: list[str]) -> list[str]:
    try:
        return pmids_in(given)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--pmid") from None


def _journal(out: Path | None, *, resume: bool, overwrite: bool) -> Path | None:
    """Where answers are kept for a later run; nothing that exists is touched unasked."""
    if out is None:
        if resume or overwrite:
            raise typer.BadParameter("--resume and --overwrite need an output file", param_hint="--out")
        return None
    if out.suffix == OutputFormat.PARQUET and find_spec("pyarrow") is None:
        raise typer.BadParameter("Parquet needs pyarrow: pip install 'pubserve[parquet]'", param_hint="--out")
    if out.suffix not in list(OutputFormat):
        raise typer.BadParameter(f"expected a file ending in {', '.join(OutputFormat)}", param_hint="--out")
    journal = journal_of(out)
    if overwrite:
        journal.unlink(missing_ok=True)
    elif not resume and (found := next(filter(_holds_something, (out, journal)), None)):
        raise typer.BadParameter(
            f"{found} is there already: --resume goes on with it, --overwrite begins anew", param_hint="--out"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    return journal


def _holds_something(path: Path) -> bool:
    """A run that found no service has left an empty file, which nobody would miss."""
    return path.exists() and path.stat().st_size > 0


def _how_to_go_on(out: Path | None) -> str:
    if out is None:
        return "Answers so far are on standard output; with -o FILE a run can be resumed."
    return f"Answers so far are kept in {journal_of(out)}; the same command with --resume goes on from there."
