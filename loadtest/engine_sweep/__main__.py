"""`python -m loadtest.engine_sweep`: which options of the engine read papers fastest, and whether answers stay."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from rich.console import Console

from loadtest.engine_sweep.sweep import EngineFailed, Kept, agreement, in_process, read_options, sweep
from serve.hardware import resolve_dtype
from serve.model_store import ModelStore
from serve.settings import DEFAULT_PROFILE, Settings
from serve.text.document import Document
from training.circumstances import machine
from training.data import read_papers
from training.report import Report, Section, Table, write
from training.report.content import Block, Cell

SEED = 17
OPTIONS = Path(__file__).with_name("options.yaml")

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
err = Console(stderr=True)


@app.command()
def main(
    papers: Annotated[Path, typer.Argument(help="Papers to read, in any format that training reads.")],
    options: Annotated[Path, typer.Option(help="YAML: name of each engine, and what it changes.")] = OPTIONS,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this engine; may be given several times.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help=f"Papers, drawn at random (seed {SEED}).")] = 16,
    rounds: Annotated[int, typer.Option(min=1, help="Times that each engine reads them; the best counts.")] = 2,
    profile: Annotated[str, typer.Option(help="Profile whose engine is changed.")] = DEFAULT_PROFILE,
    record: Annotated[Path, typer.Option(help="JSON lines that keep what was measured.")] = Path(
        "runs/engine-sweep.jsonl"
    ),
    out: Annotated[Path, typer.Option(help="Where the report goes: report.html, report.md, report.json.")] = Path(
        "reports/engine-sweep"
    ),
) -> None:
    """Start vLLM with each set of options, have it read the same papers, and write the report.

    An engine takes a minute or more to start. What was measured is kept in --record and not measured again: a run that
    was stopped goes on where it was.

    \b
    Examples:
      python -m loadtest.engine_sweep PAPERS
      python -m loadtest.engine_sweep PAPERS --only 'as served' --only compiled --count 8 --rounds 1

    The exit status is 1 if an engine failed.
    """
    found = read_options(options)
    if unknown := set(only or ()) - set(found):
        raise typer.BadParameter(f"{options} has no {', '.join(sorted(unknown))}; it has {', '.join(found)}")
    settings = Settings(profile=profile)
    records = list(read_papers(papers))
    drawn = Random(SEED).sample(records, min(count, len(records)))
    kept: dict[str, Kept] = {}
    failures: dict[str, str] = {}
    outcomes = sweep(
        {name: changes for name, changes in found.items() if name in (only or found)},
        settings.extractor,
        [Document(paper.title or "", paper.abstract or "") for paper in drawn],
        model=ModelStore().prepare(settings.extractor.model).path,
        dtype=resolve_dtype(settings.extractor.dtype),
        machine=machine(),
        rounds=rounds,
        record=record,
        start=in_process,
    )
    for name, outcome in outcomes:
        if isinstance(outcome, EngineFailed):
            failures[name] = str(outcome)
            err.print(f"{name}: {outcome}", style="red", markup=False, soft_wrap=True)
        else:
            kept[name] = outcome
            err.print(f"{name}: {len(drawn) / outcome.reading.read_s:.3f} papers/s", markup=False)
    circumstances = {
        "machine": machine(),
        "model": f"{settings.extractor.model}, {resolve_dtype(settings.extractor.dtype)}",
        "data": f"{len(drawn)} papers of {papers.name}, drawn at random (seed {SEED})",
        "rounds": str(rounds),
    }
    for path in write(sweep_report(kept, failures, circumstances), out):
        typer.echo(path)
    if failures:
        raise typer.Exit(1)


def sweep_report(kept: Mapping[str, Kept], failures: Mapping[str, str], circumstances: dict[str, str]) -> Report:
    """A line for each engine; answers are compared with those of the first."""
    blocks: list[Block] = []
    summary = "No engine answered."
    if kept:
        first = next(iter(kept))
        rates = {name: len(of.reading.answers) / of.reading.read_s for name, of in kept.items()}
        fastest = max(rates, key=rates.__getitem__)
        summary = f"Fastest: {fastest}, {rates[fastest]:.3f} papers per second; {first}: {rates[first]:.3f}."
        rows: list[list[Cell]] = [
            [
                name,
                rates[name],
                rates[name] / rates[first],
                of.reading.decoded_tokens,
                of.reading.prompt_tokens,
                agreement(of.reading, kept[first].reading),
                of.reading.start_s,
            ]
            for name, of in kept.items()
        ]
        columns = [
            "engine", "papers per second", f"over {first}", "decoded tokens", "prompt tokens", "same answers",
            "start, s",
        ]  # fmt: skip
        caption = (
            "All prompts at once, vLLM offline in process, the instructions in the prefix cache where there is one. "
            f"Same answers: share of the prompts whose answer is that of {first!r}, letter by letter."
        )
        blocks += [
            Table(caption, columns, rows),
            Table("What was set.", ["engine", "options"], [[name, repr(of.engine)] for name, of in kept.items()]),
        ]
    if failures:
        blocks.append(Table("Not measured.", ["engine", "why"], [[name, why] for name, why in failures.items()]))
    return Report("Options of the engine", summary, circumstances, [Section("Engines", blocks)])


if __name__ == "__main__":
    app()
