"""`pubserve agent`: runs from the command line. Steps are told on stderr, the report is the output."""

import asyncio
import dataclasses
import json
import os
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from pubserve.cli.exits import FAILED_PAPERS, INTERRUPTED, UNREACHABLE, USAGE_ERROR
from pubserve.cli.intake import STDIN, Intake, Malformed, pmids_in
from pubserve.cli.options import AsJson, Url
from pubserve.contract import Paper
from pubserve.errors import PubserveError
from pubserve.formats import Format
from serve.agent.messages import MOST_FOUND, AwaitsApproval, Broken, Change, Done, Event, RunRequest, RunView, StepDone
from serve.errors import ServiceError
from serve.http.caller import EVERYONE
from serve.settings import Settings

if TYPE_CHECKING:
    from serve.agent.runs import Runs
    from serve.agent.steps import Tools

AWAITS_APPROVAL = 4
DEFAULT_URL = "http://127.0.0.1:8000"
LISTED_RUNS = 20

HELP = """Answer a question from a set of papers, with every claim pointing to them.

\b
  pubserve agent run "Does chemotherapy prolong survival?" --file papers.csv -o report.md
  pubserve agent run --pmid 30872385,31452104           what do these papers say?
  pubserve agent run "BRAF hairy cell leukemia" --find 20
                                                        … and what do those that PubMed finds?
  pubserve agent run "…" --file papers.csv --approve    stop before second readings change labels
  pubserve agent resume ID --approve                    … and go on
  pubserve agent show                                   the latest runs
  pubserve agent show ID                                one of them, step by step
  pubserve agent evaluate FOLDER                        do second readings help?

\b
Exit status: 0 done, 1 some papers were left out, 2 wrong usage, 3 broke off and can be resumed,
4 waits for approval, 130 interrupted.
"""

err = Console(stderr=True, highlight=False)
cli = typer.Typer(
    name="agent",
    help=HELP,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

PROFILES = "the profile's"

Out = Annotated[Path | None, typer.Option("--out", "-o", help="Put the report here; without it on standard output.")]
Model = Annotated[str | None, typer.Option(help="Name of the language model for second readings and claims.")]
LlmUrl = Annotated[
    str | None,
    typer.Option(
        "--llm-url", metavar="URL", help="Its OpenAI-compatible endpoint, up to /v1.", show_default="the service's own"
    ),
]
RunIdArgument = Annotated[str, typer.Argument(metavar="ID", help="The run, as `run` named it on stderr.")]

Work = Callable[["Runs", "Tools"], AsyncGenerator[Event, None]]


@cli.command()
def run(
    question: Annotated[
        str | None, typer.Argument(help="What to ask of the papers; what they say, if left out.")
    ] = None,
    pmid: Annotated[
        list[str] | None, typer.Option(help="Papers of PubMed: numbers with commas between, or a file of them.")
    ] = None,
    file: Annotated[
        list[Path] | None, typer.Option("--file", help="Papers in a file of any format, a folder, or - for stdin.")
    ] = None,
    format: Annotated[Format | None, typer.Option("--format", help="Read the files as this.")] = None,
    find: Annotated[
        int, typer.Option(min=0, max=MOST_FOUND, help="Look for so many papers in PubMed, by the question.")
    ] = 0,
    run_id: Annotated[
        str | None, typer.Option("--run-id", metavar="ID", help="Name the run; the same command again goes on with it.")
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Stop until second readings are approved.")] = False,
    summary: Annotated[bool, typer.Option("--summary/--no-summary", help="Sum the papers up.")] = True,
    max_llm_calls: Annotated[
        int | None, typer.Option(min=0, help="Questions to the language model.", show_default=PROFILES)
    ] = None,
    max_llm_tokens: Annotated[
        int | None, typer.Option(min=0, help="Tokens it may read and write.", show_default=PROFILES)
    ] = None,
    model: Model = None,
    llm_url: LlmUrl = None,
    out: Out = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Read papers and report on them: labels, diseases, citations, and claims with their sources.

    Uncertain labels are read again by the language model, which must quote the paper: what it does not quote word for
    word changes nothing. A model that fails two papers with known answers is not asked at all. A killed run loses
    nothing but the step it was in.
    """
    settings = _settings(model, llm_url)
    intake = _intake(file or [], pmid or [], format, find=find)
    papers, pmids = [], []
    for item in intake:
        if isinstance(item, str):
            pmids.append(item)
        else:
            papers.append(item)
    try:
        request = RunRequest(
            question=question,
            pmids=pmids,
            papers=[Paper.model_validate(paper) for paper in papers],
            find=find,
            approve=approve,
            summarise=summary,
            run_id=run_id,
            max_llm_calls=max_llm_calls,
            max_llm_tokens=max_llm_tokens,
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        _refuse(f"{'.'.join(map(str, first['loc'])) or 'papers'}: {first['msg'].removeprefix('Value error, ')}")
    ended = _go(settings, url, lambda runs, tools: runs.begin(request, tools, owner=EVERYONE))
    _finish(ended, out, as_json=as_json, malformed=intake.malformed.total())


@cli.command()
def resume(
    run_id: RunIdArgument,
    approved: Annotated[
        bool | None, typer.Option("--approve/--reject", help="Decide on second readings that wait for it.")
    ] = None,
    model: Model = None,
    llm_url: LlmUrl = None,
    out: Out = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that broke off or waits for approval, from its last step that was done."""
    settings = _settings(model, llm_url)
    ended = _go(settings, url, lambda runs, tools: runs.resume(run_id, tools, owner=EVERYONE, approved=approved))
    _finish(ended, out, as_json=as_json)


@cli.command()
def show(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A run; without it, the latest are listed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a run step by step, and its report if it is done."""
    views = _views(run_id)
    if as_json:
        shown = [view.model_dump(mode="json") for view in views]
        typer.echo(json.dumps(shown[0] if run_id else shown))
        return
    if not views:
        err.print("There are no runs yet; `pubserve agent run --help` says how to begin one.", markup=False)
    for view in views:
        typer.echo(f"{view.run_id}  {view.status}  {view.question or ''}".rstrip())
        if run_id:
            for step in view.steps:
                typer.echo(f"  {step.number:>3} {step.name:<10} {step.seconds:>7.1f} s  {step.said}")
            _show_changes(view.changes, typer.echo)
            if view.report:
                from serve.agent.report import as_markdown

                typer.echo(f"\n{as_markdown(view.report)}")


@cli.command()
def evaluate(
    papers: Annotated[Path, typer.Argument(metavar="PAPERS", help="Papers with labels: a folder, CSV, JSONL, …")],
    limit: Annotated[int | None, typer.Option(min=1, help="Read no more papers than this.")] = None,
    model: Model = None,
    llm_url: LlmUrl = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Measure on papers with labels whether second readings lower accuracy; exit status 1 if they do.

    \b
      pubserve agent evaluate development/ --json
      pubserve agent evaluate development.csv --llm-url http://gpu:8000/v1 --model phi-4
    """
    from pubserve.formats.reading import read_records
    from pubserve.formats.records import LABELS, Defect, PaperRecord
    from serve.agent.evaluation import evaluate as measure
    from serve.agent.tools import tools_for

    _require_there([papers], "PAPERS")
    records: dict[str, PaperRecord] = {}
    for _, _, found in read_records(papers):
        if not isinstance(found, Defect) and found.label in LABELS and len(records) != limit:
            records.setdefault(found.id, found)
    if not records:
        _refuse(f"PAPERS: {papers} has no papers labelled {' or '.join(LABELS)}")
    # Every uncertain paper is read again, whatever a run may take.
    unbounded = {"max_steps": 20 + len(records), "max_llm_calls": 2 + len(records), "max_llm_tokens": 10**9}
    settings = _settings(model, llm_url, **unbounded)

    async def work() -> Any:
        async with tools_for(settings, url=url or DEFAULT_URL, api_key=_api_key()) as tools:
            return await measure(list(records.values()), tools)

    with err.status(f"reading {len(records)} papers"):
        result = _run(work())
    if as_json:
        typer.echo(json.dumps({**dataclasses.asdict(result), "adjudication": result.adjudication.model_dump()}))
    else:
        done = result.adjudication
        typer.echo(f"{result.papers} papers, {done.uncertain} uncertain: {done.status}")
        typer.echo(
            f"second readings: {done.changed} changed, {done.confirmed} confirmed, {done.kept} first answers kept"
        )
        typer.echo(f"accuracy before {result.accuracy_before:.4f}, after {result.accuracy_after:.4f}")
        typer.echo(f"{result.mended} mended, {result.spoilt} spoilt")
    raise typer.Exit(FAILED_PAPERS if result.lowers_accuracy else 0)


def _go(settings: Settings, url: str | None, work: Work) -> Event:
    """The last event of a run; the others are told as they come."""

    async def go() -> Event:
        from serve.agent.runs import Runs
        from serve.agent.tools import tools_for

        async with (
            Runs.open(settings.agent) as runs,
            tools_for(settings, url=url or DEFAULT_URL, api_key=_api_key()) as tools,
            aclosing(work(runs, tools)) as events,
        ):
            event: Event | None = None
            with err.status("begins") as spinner:
                async for event in events:
                    _tell(event)
                    spinner.update("at work")
            assert event is not None
            return event

    return _run(go())


def _tell(event: Event) -> None:
    if isinstance(event, StepDone):
        step = event.step
        err.print(f"{step.number:>3} {step.name:<10} {step.seconds:>7.1f} s  {step.said}", markup=False, soft_wrap=True)
    elif event.event == "started":
        err.print(f"run {event.run_id}", markup=False, soft_wrap=True)


def _finish(event: Event, out: Path | None, *, as_json: bool, malformed: int = 0) -> NoReturn:
    """Put the report out, or say how to go on."""
    if isinstance(event, Done):
        from serve.agent.report import as_markdown

        report = event.report
        text = json.dumps(report.model_dump(mode="json")) + "\n" if as_json else as_markdown(report)
        if out:
            try:
                out.write_text(text, encoding="utf-8")
            except OSError as error:
                _refuse(f"--out: {error}; `pubserve agent show {report.run_id}` has the report")
            err.print(f"The report is in {out}", markup=False, soft_wrap=True)
        else:
            typer.echo(text, nl=False)
        raise typer.Exit(FAILED_PAPERS if report.left_out or malformed else 0)
    if as_json:
        typer.echo(json.dumps(event.model_dump(mode="json")))
    if isinstance(event, AwaitsApproval):
        _show_changes(event.changes, lambda line: err.print(line, markup=False, soft_wrap=True))
        err.print(f"Go on with: pubserve agent resume {event.run_id} --approve (or --reject)", soft_wrap=True)
        raise typer.Exit(AWAITS_APPROVAL)
    problem = event.error.message if isinstance(event, Broken) else "the run stopped"
    err.print(f"Stopped: {problem}", style="red", markup=False, soft_wrap=True)
    err.print(f"Go on with: pubserve agent resume {event.run_id}", markup=False, soft_wrap=True)
    raise typer.Exit(UNREACHABLE)


def _show_changes(changes: list[Change], tell: Callable[[str], None]) -> None:
    for change in changes:
        tell(f"  {change.paper_id}: {', '.join(change.before) or 'none'} → {', '.join(change.after)}")
        tell(f"      “{' '.join(change.evidence.text.split())}”")


def _views(run_id: str | None) -> list[RunView]:
    async def look() -> list[RunView]:
        from serve.agent.runs import Runs

        async with Runs.open(Settings().agent) as runs:
            ids = [run_id] if run_id else await runs.results.runs(EVERYONE, LISTED_RUNS)
            return [await runs.view(one, owner=EVERYONE) for one in ids]

    return _run(look())


def _intake(files: list[Path], pmid: list[str], format: Format | None, *, find: int) -> Intake:
    if not (files or pmid or find):
        raise typer.BadParameter("name papers with --file or --pmid, or let --find look for some")
    _require_there(files, "--file")
    try:
        pmids = pmids_in(pmid)
    except (ValueError, OSError) as error:
        raise typer.BadParameter(str(error), param_hint="--pmid") from None
    return Intake(files, pmids, format, on_malformed=_tell_malformed)


def _tell_malformed(malformed: Malformed) -> None:
    err.print(str(malformed), style="yellow", markup=False, soft_wrap=True)


def _require_there(files: list[Path], named: str) -> None:
    for file in files:
        if file != STDIN and not file.exists():
            raise typer.BadParameter(f"there is nothing at {file}", param_hint=named)


def _settings(model: str | None, llm_url: str | None, **limits: int) -> Settings:
    if llm_url is not None and not llm_url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"expected http://… or https://…, not {llm_url!r}", param_hint="--llm-url")
    given = {"model": model, "base_url": llm_url, **limits}
    try:
        settings = Settings()
        agent = settings.agent.model_copy(update={name: value for name, value in given.items() if value is not None})
        return settings.model_copy(update={"agent": agent})
    except ValueError as error:  # pydantic's are, too
        _refuse(str(error))


def _api_key() -> str | None:
    return os.environ.get("PUBSERVE_API_KEY")


def _run(work: Coroutine[Any, Any, Any] | Awaitable[Any]) -> Any:
    """The result of asyncio work; what went wrong becomes a line and an exit status."""
    try:
        return asyncio.run(work)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        err.print("Interrupted; `pubserve agent resume` with the run's name goes on.", markup=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    except ServiceError as error:
        _refuse(error.message)
    except (PubserveError, OSError, sqlite3.Error) as error:  # the last two: a disk that is full, or is not there
        err.print(f"Stopped: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(UNREACHABLE) from None


def _refuse(problem: str) -> NoReturn:
    err.print(f"Error: {problem}", style="red", markup=False, soft_wrap=True)
    raise typer.Exit(USAGE_ERROR)
