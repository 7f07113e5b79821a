"""How the two models share the cores of a small machine, one way beside another.

    python -m loadtest.placement --papers ../shared/data/abstracts

Both models run as they are served, each in a process of its own and both on the same papers: one paper at a time, then
all of them at once, then each model by itself. The ways have their turn in each round, so that whatever else slows the
machine slows all of them.
"""

import asyncio
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Annotated, Any
from unittest.mock import patch

import typer
from rich.console import Console
from rich.table import Table

from serve.hardware import available_cores, use_threads
from serve.settings import Settings
from serve.text.document import Document
from serve.token_batcher import TokenBatcher
from serve.turns import Turn
from training.circumstances import machine
from training.data import read_folder

CORES = available_cores()
HALF = max(1, CORES // 2)
MODELS = ("classifier", "tagger")

_SLEEPS = {"OMP_WAIT_POLICY": "PASSIVE"}

err = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Way:
    """How many forward passes of each model go on at once, in how many threads each, and whether threads that wait for
    each other spin or sleep."""

    passes: int
    threads: int
    sleeps: bool = False


WAYS = {
    "a pass for each core": Way(CORES, 1),
    "half as many": Way(HALF, 1),
    "one pass on half of the cores": Way(1, HALF),
    "one pass on all cores": Way(1, CORES),
    "one pass on all cores, threads sleep": Way(1, CORES, sleeps=True),
}

DEFAULT = next(iter(WAYS))

Predict = Callable[[Sequence[Any]], Sequence[Any]]


def replica(model: str, orders: Connection) -> None:
    """One model in this process: reads the documents that it is sent with a way, and answers when it has."""
    predict, rows_of, max_batch_tokens = _load(model)
    orders.send("loaded")
    while True:
        way, documents = orders.recv()
        read(predict, [row for rows in rows_of(documents) for row in rows], way, max_batch_tokens)
        orders.send("read")


def read(predict: Predict, rows: Sequence[Any], way: Way, max_batch_tokens: int) -> None:
    """All rows, batched as a replica batches them."""
    batcher: TokenBatcher[Any, Any] = TokenBatcher(
        predict,
        passes=way.passes,
        max_batch_tokens=max_batch_tokens,
        wait_s=0,
        begin_thread=partial(use_threads, way.threads),
    )
    asyncio.run(batcher.run(rows, Turn()))


def _load(model: str) -> tuple[Predict, Callable[[Sequence[Document]], Any], int]:
    """What computes a batch, what makes documents rows, and how large a batch may be."""
    from serve.classifier.model import ClassifierModel
    from serve.extractor.tagger import TaggerModel
    from serve.model_store import ModelStore

    settings = Settings(profile="cpu")
    if model == "classifier":
        wanted = settings.classifier
        classifier = ClassifierModel(
            ModelStore().prepare(wanted.model).path, dtype=wanted.dtype, max_tokens=wanted.max_tokens
        )
        return (
            classifier.predict,
            lambda documents: [classifier.rows(text) for text in classifier.encode(documents)],
            wanted.max_batch_tokens,
        )
    assert settings.extractor.tagger is not None  # the cpu profile has one
    wanted = settings.extractor.tagger
    tagger = TaggerModel(ModelStore().prepare(wanted.model).path, dtype=wanted.dtype, max_tokens=wanted.max_tokens)
    return tagger.predict, tagger.encode, wanted.max_batch_tokens


@contextmanager
def replicas(*, sleeps: bool) -> Iterator[dict[str, Connection]]:
    """Both models, each in its process. How threads wait is settled when a process starts."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as ended, patch.dict(os.environ, _SLEEPS if sleeps else {}):
        pipes = {}
        for model in MODELS:
            pipes[model], theirs = context.Pipe()
            process = context.Process(target=replica, args=(model, theirs), daemon=True)
            process.start()
            ended.callback(process.join)
            ended.callback(process.terminate)
            theirs.close()
        for pipe in pipes.values():
            pipe.recv()
        yield pipes


def seconds(pipes: Mapping[str, Connection], way: Way, documents: Sequence[Document]) -> float:
    """Until all of `pipes` have read the documents."""
    started_s = time.perf_counter()
    for pipe in pipes.values():
        pipe.send((way, documents))
    for pipe in pipes.values():
        pipe.recv()
    return time.perf_counter() - started_s


@dataclass(slots=True)
class Measured:
    """One entry a round: seconds of one paper (their median), and papers per second of many, by both and by each."""

    one_s: list[float] = field(default_factory=list)
    many_per_s: list[float] = field(default_factory=list)
    alone_per_s: dict[str, list[float]] = field(default_factory=lambda: {model: [] for model in MODELS})

    def add(self, pipes: Mapping[str, Connection], way: Way, documents: Sequence[Document], singles: int) -> None:
        self.one_s.append(median(seconds(pipes, way, [document]) for document in documents[:singles]))
        self.many_per_s.append(len(documents) / seconds(pipes, way, documents))
        for model, rates in self.alone_per_s.items():
            rates.append(len(documents) / seconds({model: pipes[model]}, way, documents))


def main(
    papers: Annotated[Path, typer.Option(help="Folder with Cancer/ and Non-Cancer/, one abstract a file.")],
    count: Annotated[int, typer.Option(min=1, help="Papers to read, drawn at random with a fixed seed.")] = 16,
    singles: Annotated[int, typer.Option(min=1, help="How many of them are read one at a time as well.")] = 5,
    rounds: Annotated[int, typer.Option(min=1, help="Times that each way has its turn.")] = 3,
) -> None:
    """Measure the ways in which the classifier and the tagger can share the cores of this machine."""
    drawn = random.Random(17).sample(read_folder(papers), count)
    documents = [Document(paper.title, paper.abstract) for paper in drawn]
    measured = {name: Measured() for name in WAYS}
    with replicas(sleeps=False) as spinning, replicas(sleeps=True) as sleeping:
        for pipes in (spinning, sleeping):
            seconds(pipes, WAYS[DEFAULT], documents[:singles])
        for name in [name for _ in range(rounds) for name in WAYS]:
            way, result = WAYS[name], measured[name]
            result.add(sleeping if way.sleeps else spinning, way, documents, singles)
            err.print(f"{name}: one paper {result.one_s[-1]:.2f} s, many {result.many_per_s[-1]:.2f} papers/s")
    Console().print(table(measured, count=count, rounds=rounds))


def table(measured: Mapping[str, Measured], *, count: int, rounds: int) -> Table:
    """A line for each way: medians over the rounds, and from the lowest to the highest."""
    shown = Table(
        title=f"{machine()}; {count} papers, {rounds} rounds",
        caption=f"Median (lowest to highest). `{DEFAULT}` is how the service computes.",
    )
    for column in ("way", "one paper, s", "many at once, papers/s", *(f"{model} alone, papers/s" for model in MODELS)):
        shown.add_column(column, justify="left" if column == "way" else "right")
    for name, result in measured.items():
        values = (result.one_s, result.many_per_s, *result.alone_per_s.values())
        shown.add_row(name, *(f"{median(v):.2f} ({min(v):.2f} to {max(v):.2f})" for v in values))
    return shown


if __name__ == "__main__":
    typer.run(main)
