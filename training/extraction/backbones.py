"""`python -m training extraction compare`: how fast taggers on several bases learn and read."""

import random
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from training.config import TaggerConfig
from training.extraction.corpus import Parts
from training.extraction.options import CONFIGS, CORPORA, Corpora, Data

DEV_SHARE = 4
"""One paper to choose by for so many to train on, or the development part would take longer than the training."""

console = Console()


@dataclass(frozen=True, slots=True)
class Trial:
    """A tagger after a little training. `seconds` is the training alone, of one that went on what had been left;
    `f1` strict, by mention, and `read_per_s` papers per second, both on the papers to choose by."""

    base: str
    f1: float
    seconds: float
    read_per_s: float


def compare(
    data: Data,
    corpora: Corpora = CORPORA,
    config: Annotated[
        list[Path] | None, typer.Option(exists=True, help="A configuration to try; may be given more than once.")
    ] = None,
    papers: Annotated[int, typer.Option(min=DEV_SHARE, help="Papers to train on, drawn at random.")] = 200,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over them.")] = 2,
    batch_tokens: Annotated[int, typer.Option(min=1, help="Tokens of a batch, the same for all.")] = 1024,
    runs: Annotated[Path, typer.Option(help="Where runs are kept.")] = Path("runs/backbones"),
) -> None:
    """Train a tagger on each of several bases, on the same few papers, and compare how fast they learn and read.

    \b
    Without --config all of training/configs/taggers. Papers to train on and to measure on are drawn from the training
    and the development part: test papers stay unseen. It does not say how good a base becomes: some that are slow at
    first end above the others. A trial that was stopped goes on.

    \b
      pubserve train extraction compare ../shared/data --papers 100 \\
        --config training/configs/taggers/minilm.yaml --config training/configs/taggers/smollm2.yaml
    """
    from training.extraction.runs import read_parts

    table = Table("base", "F1 by mention", "minutes of training", "papers/s")
    for path in config or sorted((CONFIGS / "taggers").glob("*.yaml")):
        settings = TaggerConfig.load(path, epochs=epochs, batch_tokens=batch_tokens)
        parts = few(read_parts(corpora, data, seed=settings.seed), papers, seed=settings.seed)
        trial = try_out(settings, parts, runs / f"{path.stem}-{papers}-{epochs}-{batch_tokens}")
        # At once: the next may take long.
        console.print(f"{trial.base}: F1 {trial.f1:.3f} by mention")
        table.add_row(trial.base, f"{trial.f1:.3f}", f"{trial.seconds / 60:.1f}", f"{trial.read_per_s:.1f}")
    console.print(table)
    console.print(
        f"Trained on {len(parts.train)} papers, {epochs} passes, measured on {len(parts.dev)} of the development part."
    )


def few(parts: Parts, papers: int, *, seed: int) -> Parts:
    """So many of the papers to train on, some to choose by, and none to report on."""
    drawn = random.Random(seed)
    train = drawn.sample(parts.train, min(papers, len(parts.train)))
    dev = drawn.sample(parts.dev, min(papers // DEV_SHARE, len(parts.dev)))
    return replace(parts, train=train, dev=dev, test={})


def try_out(config: TaggerConfig, parts: Parts, run_dir: Path) -> Trial:
    """Train as `train` does, and read the papers to choose by with the best weights."""
    from training.extraction.finetune import fine_tune, marked
    from training.extraction.scores import mention_score

    tuned = fine_tune(config, parts.train, parts.dev, run_dir)
    started_s = time.perf_counter()
    tagged = tuned.tag(parts.dev)
    seconds = time.perf_counter() - started_s
    return Trial(config.base, mention_score(marked(tagged), parts.dev).f1, tuned.seconds, len(parts.dev) / seconds)
