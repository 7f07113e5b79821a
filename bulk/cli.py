"""`pubserve batch`: a corpus in, partitioned files out, and an exit status that says how it went."""

import json
from pkgutil import resolve_name
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from bulk.errors import BulkError, ModelsUnavailable, UnusableInput, UnusableOutput
from bulk.job import Job, run
from bulk.output import PartFormat
from bulk.progress import shown_on
from bulk.report import Report
from bulk.storage import Location
from pubserve.cli.exits import FAILED_PAPERS, INTERRUPTED, UNREACHABLE, USAGE_ERROR
from pubserve.cli.options import AsJson
from pubserve.contract import DEFAULT_TASKS, Task
from pubserve.formats import Format
from serve.model_store import ModelStore, ModelStoreError, prepare_many
from serve.model_store.progress import show_on
from serve.settings import DEFAULT_PROFILE, Settings

err = Console(stderr=True, highlight=False)


def cli(
    input: Annotated[
        str, typer.Argument(metavar="INPUT", help="A file or a folder of papers: a path, or a URL such as s3://….")
    ],
    output: Annotated[str, typer.Argument(metavar="OUTPUT", help="The folder to write: a path, or a URL.")],
    format: Annotated[PartFormat, typer.Option("--format", help="How papers are written.")] = PartFormat.JSONL,
    tasks: Annotated[str, typer.Option(help=f"With commas between: {', '.join(Task)}.", metavar="TASKS")] = ",".join(
        DEFAULT_TASKS
    ),
    input_format: Annotated[
        Format | None, typer.Option(help="Read the files as this, whatever they look like.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin anew, whatever job is in the output.")] = False,
    address: Annotated[
        str | None,
        typer.Option(envvar="RAY_ADDRESS", help="A Ray cluster to work on.", show_default="this machine"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that read, each with both models.", show_default="as there is room for"),
    ] = None,
    unit_papers: Annotated[
        int | None, typer.Option(min=1, help="Papers of a part.", show_default="the profile's")
    ] = None,
    profile: Annotated[
        str, typer.Option(envvar="PUBSERVE_PROFILE", help="Settings for a kind of machine: cpu or gpu.")
    ] = DEFAULT_PROFILE,
    as_json: AsJson = False,
) -> None:
    """Read a corpus of any size with the models of the service, but without a service.

    Read are delimited files with a header, JSONL, Parquet, PubMed XML (the baseline as it is), MEDLINE, PubTator and
    texts with <ID:…>, plain or gzip, in a folder and all below it. OUTPUT gets papers/ in parts, dead-letters/ with
    every record that has no analysis, its place and the reason, and report.json.

    The same command goes on where a job was killed: what is in a part is never read again, and nothing is left out.

    \b
    Examples:
      pubserve batch corpus/ answers/
      pubserve batch pubmed/baseline answers/ --format parquet --tasks labels,diseases,topics
      pubserve batch s3://corpus/2026 s3://answers/2026 --address auto
      pubserve batch papers.csv answers/ --json | jq .top_diseases

    \b
    Exit status: 0 all papers are read; 1 some are dead letters; 2 a mistake in the command, or nothing to read; 3 the
    cluster or the models cannot be had, or they fail; 130 interrupted.
    """
    job = Job(
        input=Location.given(input),
        output=Location.given(output),
        settings=_settings(profile, unit_papers),
        tasks=_tasks(tasks),
        input_format=input_format,
        format=format,
    )
    try:
        _prepare_models(job)
        with shown_on(err) as draw:
            report = run(job, address=address, workers=workers, overwrite=overwrite, on_progress=draw)
    except KeyboardInterrupt:
        err.print("Interrupted; the same command goes on from here.")
        raise typer.Exit(INTERRUPTED) from None
    except BulkError as error:
        _stop(error, as_json)
    _tell(report, as_json)
    raise typer.Exit(FAILED_PAPERS if report.failed else 0)


def _settings(profile: str, unit_papers: int | None) -> Settings:
    given = {"bulk": {"unit_papers": unit_papers}} if unit_papers else {}
    try:
        return Settings(profile=profile, **given)  # type: ignore[arg-type]
    except ValueError as error:  # pydantic's are, too
        raise typer.BadParameter(str(error), param_hint="--profile") from None


def _tasks(given: str) -> list[Task]:
    try:
        return [Task(name) for name in given.replace(",", " ").split()] or list(DEFAULT_TASKS)
    except ValueError:
        raise typer.BadParameter(f"expected some of {', '.join(Task)}", param_hint="--tasks") from None


def _prepare_models(job: Job) -> None:
    """Fetch and convert what is not there yet, once, before every worker asks for it."""
    wanted = resolve_name(job.loader)().prepare(job.settings, job.tasks)
    with show_on(err) as reporter:
        outcomes = prepare_many(ModelStore(reporter=reporter), wanted)
    for failure in outcomes.values():
        if isinstance(failure, ModelStoreError):
            raise ModelsUnavailable(str(failure), failure.hint)


def _stop(error: BulkError, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"problem": error.message, "remedy": error.remedy}))
    else:
        err.print(f"Stopped: {error.message}", style="red", markup=False, soft_wrap=True)
        err.print(error.remedy, markup=False, soft_wrap=True)
    raise typer.Exit(USAGE_ERROR if isinstance(error, UnusableInput | UnusableOutput) else UNREACHABLE) from None


def _tell(report: Report, as_json: bool) -> None:
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        err.print(str(report), markup=False, soft_wrap=True)
