"""`python -m loadtest.scale`: throughput against replicas, and how replicas come and go."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from loadtest.scale import from_zero
from loadtest.scale.autoscaler import Rule
from loadtest.scale.choice import CASES, candidates, ranked, score
from loadtest.scale.report import outcome_table, scores_table, write_scores, write_throughput, write_wave
from loadtest.scale.shapes import Square
from loadtest.scale.simulation import Model
from loadtest.scale.throughput import Models, Step, Study, measure
from loadtest.scale.wave import Wave
from loadtest.scale.wave import run as run_wave

HELP = """The service on several Ray nodes of this host, with models of simulated speed.

\b
Examples:
  python -m loadtest.scale throughput --replicas 1 --replicas 16 --replicas 64 --models classifier
                                            papers per second and efficiency, and what gives out first
  python -m loadtest.scale choose           the autoscaler simulated under many rules, and the best of them
  python -m loadtest.scale wave             a real square wave: replicas come and go, and every paper is counted
  python -m loadtest.scale zero             the first request of a service that has no replica
"""

app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode=None, add_completion=False)
console = Console(highlight=False)

Out = Annotated[Path, typer.Option(help="Folder for JSON, Markdown and pictures.")]
OUT = Path("reports/scale")

WAVE_MODEL = Model(papers_per_s=4, papers_per_call=16, start_s=5, grace_s=120, max_papers=2000)
WAVE_RULE = Rule(
    max_replicas=6, target_ongoing_requests=1.5, max_ongoing_requests=3, upscale_delay_s=5, downscale_delay_s=20
)


@app.command()
def throughput(
    replicas: Annotated[list[int] | None, typer.Option(help="Replicas of each model; give several.")] = None,
    models: Annotated[Models, typer.Option(help="Which models take part.")] = "both",
    tokens_per_s: Annotated[float, typer.Option(help="Of each replica.")] = 1600.0,
    window_s: Annotated[float, typer.Option(help="Length of each measurement.")] = 30.0,
    nodes: Annotated[int, typer.Option(help="Ray nodes.")] = 4,
    out: Out = OUT,
) -> None:
    """Papers per second against replicas. A replica takes 130 MB and, to start, some seconds of a core."""
    study = Study(models=models, tokens_per_s=tokens_per_s, window_s=window_s, nodes=nodes)
    wanted = sorted(replicas or [1, 2, 4, 8, 16, 32, 64])
    steps: list[Step] = []
    for step in measure(study, wanted):
        steps.append(step)
        console.print(
            f"{step.replicas:4d} replicas: {step.papers_per_s:7.2f} papers/s, efficiency {step.efficiency:.3f}, "
            f"busiest: {step.busiest} ({step.parts[step.busiest].busiest_cores:.2f} cores)"
        )
        write_throughput(out, study, steps)  # kept, whatever becomes of the next step
    if len(steps) < len(wanted):
        console.print(f"[yellow]{wanted[len(steps)]} replicas do not fit into the memory of this host.[/yellow]")
    console.print(f"Report: {out}")


@app.command()
def choose(
    case: Annotated[list[str] | None, typer.Option(help=f"Which models: {', '.join(CASES)}; all if not given.")] = None,
    best: Annotated[int, typer.Option(help="Rules to show of each.")] = 5,
    out: Out = OUT,
) -> None:
    """Try rules of autoscaling on a square wave, a spike and a ramp, an hour each, without Ray."""
    for name in case or CASES:
        with ProcessPoolExecutor() as pool:
            rules = list(candidates(CASES[name]))
            scores = list(track(pool.map(partial(score, CASES[name]), rules), f"rules for {name}", len(rules)))
        write_scores(out, name, ranked(scores))
        console.print(scores_table(name, ranked(scores)[:best]))


@app.command()
def wave(
    low: Annotated[float, typer.Option(help="Papers per second in the quiet half.")] = 2.0,
    high: Annotated[float, typer.Option(help="Papers per second in the busy half.")] = 11.0,
    period_s: Annotated[float, typer.Option(help="A quiet half and a busy one.")] = 100.0,
    for_s: Annotated[float, typer.Option(help="Length of the run.")] = 200.0,
    out: Out = OUT,
) -> None:
    """A real square wave on replicas that read 4 papers per second: count every paper, note every replica.

    The delays are short, so that replicas come and go within minutes. Exits with 1 if a paper was lost, duplicated
    or failed.
    """
    planned = Wave(shape=Square(low=low, high=high, period_s=period_s), model=WAVE_MODEL, rule=WAVE_RULE, for_s=for_s)
    outcome = run_wave(planned)
    write_wave(out, planned, outcome)
    console.print(outcome_table(outcome))
    console.print(f"Report: {out}")
    if outcome.lost or outcome.duplicated or outcome.failed:
        raise typer.Exit(1)


@app.command()
def zero() -> None:
    """A service with no replica of its models: the first paper wakes it; when papers stop, the replicas go again."""
    rule = WAVE_RULE.model_copy(update={"min_replicas": 0, "downscale_delay_s": 10.0})
    shape = Square(low=0, high=0, period_s=1)  # the papers are sent one by one
    seen = from_zero.run(Wave(shape=shape, model=WAVE_MODEL, rule=rule, for_s=1), patience_s=90)
    for name, value in seen.model_dump().items():
        console.print(f"{name}: {value}")


if __name__ == "__main__":
    app()
