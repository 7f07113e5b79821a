"""What a study leaves behind: JSON for programs, Markdown and a picture for people."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from rich.table import Table

from loadtest.load.plot import BLUE, GREEN, RED, STYLE
from loadtest.scale.choice import Score
from loadtest.scale.throughput import Ceiling, Step, Study, ceilings
from loadtest.scale.wave import MODELS, Outcome, Wave


def write_throughput(folder: Path, study: Study, steps: Sequence[Step]) -> None:
    """Write `throughput-<models>.json`, `.md` and `.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    name = folder / f"throughput-{study.models}"
    limits = ceilings(study, steps)
    content = {
        "study": study.model_dump(),
        "steps": [step.model_dump() for step in steps],
        "ceilings": [limit.model_dump() for limit in limits],
    }
    name.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    name.with_suffix(".md").write_text(throughput_markdown(study, steps, limits), encoding="utf-8")
    _draw_throughput(name.with_suffix(".png"), study, steps)


def throughput_markdown(study: Study, steps: Sequence[Step], limits: Sequence[Ceiling]) -> str:
    """Steps, and what gives out first."""
    taking_part = "both models" if study.models == "both" else "the classifier alone"
    head = (
        f"# Throughput against replicas\n\n{study.nodes} Ray nodes on this host, {taking_part}, "
        f"{study.tokens_per_s:,.0f} tokens per second and replica, {study.tokens_per_paper} tokens per paper, "
        f"{study.ingresses} ingress.\n"
    )
    parts = list(steps[-1].parts)
    rows = [
        [
            f"{step.replicas}",
            f"{step.papers_per_s:.2f}",
            f"{step.efficiency:.3f}",
            f"{step.of_stated:.3f}",
            *(f"{step.parts[part].busiest_cores:.2f}" for part in parts),
        ]
        for step in steps
    ]
    busiest = [f"{part} x{steps[-1].parts[part].processes}" for part in parts]
    table = _table(["replicas", "papers/s", "efficiency", "of stated", *busiest], rows)
    note = "From the fifth column on: cores that the busiest process of each part takes.\n"
    return "\n".join([head, table, note, _limits_markdown(limits)])


def _limits_markdown(limits: Sequence[Ceiling]) -> str:
    if not limits:
        return ""
    rows = [
        [limit.part, f"{limit.ms_per_paper:.2f}", f"{limit.papers_per_s:,.0f}", f"{limit.replicas:,.0f}"]
        for limit in limits
    ]
    table = _table(["part", "ms of a core per paper", "papers/s at a full core", "replicas that keeps busy"], rows)
    return f"## What gives out first: {limits[0].part}\n\n{table}"


def _draw_throughput(path: Path, study: Study, steps: Sequence[Step]) -> None:
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(8, 6), layout="constrained")
        rates, cores = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        replicas = [step.replicas for step in steps]
        rates.plot(
            replicas, [study.papers_per_s * count for count in replicas], "--", color=GREEN, label="stated speed"
        )
        rates.plot(replicas, [step.papers_per_s for step in steps], "o-", color=BLUE, label="measured")
        for step in steps:
            rates.annotate(
                f"{step.efficiency:.2f}",
                (step.replicas, step.papers_per_s),
                xytext=(4, -12),
                textcoords="offset points",
                fontsize=8,
            )
        rates.set(xscale="log", yscale="log", ylabel="papers per second", title="Throughput, and efficiency beside it")
        rates.legend()
        for part, colour in zip(("Ingress", "HTTP proxy", "Serve controller"), (RED, BLUE, GREEN), strict=True):
            cores.plot(replicas, [step.parts[part].busiest_cores for step in steps], "o-", color=colour, label=part)
        cores.set(xlabel="replicas of each model that takes part", ylabel="cores of the busiest process", xscale="log")
        cores.set_xticks(replicas, [str(count) for count in replicas])
        cores.minorticks_off()
        cores.legend()
        figure.savefig(path, dpi=110)


def write_scores(folder: Path, name: str, scores: Sequence[Score]) -> None:
    """Write `rules-<name>.json` and `.md`, the best rule first."""
    folder.mkdir(parents=True, exist_ok=True)
    content = [{**dataclasses.asdict(of), "rule": of.rule.model_dump()} for of in scores]
    (folder / f"rules-{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    text = f"# Rules of autoscaling: {name}\n\n{_table(RULE_COLUMNS, map(_score_row, scores))}"
    (folder / f"rules-{name}.md").write_text(text, encoding="utf-8")


def scores_table(name: str, scores: Sequence[Score]) -> Table:
    table = Table(title=f"Best rules: {name}")
    for column in RULE_COLUMNS:
        table.add_column(column, justify="right")
    for of in scores:
        table.add_row(*_score_row(of))
    return table


def _score_row(of: Score) -> list[str]:
    rule = of.rule
    return [
        f"{rule.target_ongoing_requests:g}",
        f"{rule.max_ongoing_requests}",
        f"{rule.upscale_delay_s:g}",
        f"{rule.downscale_delay_s:g}",
        "/".join(map(str, of.extra_turns.values())),
        f"{of.late:.1%}",
        f"{of.refused + of.killed}",
        f"{of.worst_wait_s:.0f}",
        f"{of.utilisation:.0%}",
    ]


def write_wave(folder: Path, wave: Wave, outcome: Outcome) -> None:
    """Write `wave.json` and `wave.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"wave": wave.model_dump(), "outcome": outcome.model_dump()}
    (folder / "wave.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(9, 6), layout="constrained")
        load, replicas = figure.subplots(2, 1, sharex=True)
        moments = [moment.at_s for moment in outcome.moments]
        load.step(moments, [moment.offered_per_s for moment in outcome.moments], where="post", color=GREEN)
        load.set(ylabel="papers per second", title=f"Offered: {outcome.sent} papers, {outcome.answered} answered")
        for model, colour in zip(MODELS, (BLUE, RED), strict=True):
            counts = [moment.replicas[model] for moment in outcome.moments]
            replicas.step(moments, counts, where="post", color=colour, label=f"{model}, running")
        targets = wave.simulated().targets
        replicas.step(*zip(*targets, strict=True), where="post", color=GREEN, ls="--", label="target, simulated")
        replicas.set(xlabel="seconds", ylabel="replicas", title="Replicas")
        replicas.legend()
        figure.savefig(folder / "wave.png", dpi=110)


def outcome_table(outcome: Outcome) -> Table:
    table = Table(title="Papers")
    table.add_column("what became of them")
    table.add_column("papers", justify="right")
    for name in ("sent", "answered", "refused", "failed", "lost", "duplicated"):
        table.add_row(name, f"{getattr(outcome, name):,}")
    for model in MODELS:
        table.add_row(f"most replicas: {model}", f"{outcome.most(model)}")
    return table


RULE_COLUMNS = (
    "target", "max ongoing", "up s", "down s", "extra turns", "late", "refused", "p95 s", "utilisation",
)  # fmt: skip


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
