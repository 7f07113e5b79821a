"""How the two models share the cores of a small machine, one way beside another.

    python -m loadtest.placement --papers ../shared/data/abstracts

Both models run as they are served, each in a process of its own and both on the same papers: one paper at a time, then
all of them at once, then each model by itself. The ways have their turn in each round, so that whatever else slows the
machine slows all of them.
"""

import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Lock
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from unittest.mock import patch

import typer
from rich.console import Console
from rich.table import Table

from loadtest.cores import Cores
from serve.batching import plan_batches, predict_in_batches
from serve.settings import Settings
from serve.text.document import Document
from training.circumstances import machine
from training.data import read_folder

CORES = len(os.sched_getaffinity(0))
HALF = max(1, CORES // 2)
MODELS = ("classifier", "tagger")

_SLEEPS = {"OMP_WAIT_POLICY": "PASSIVE"}

err = Console(stderr=True, highlight=False)


class Sharing(Enum):
    """What a model does before it computes."""

    NOTHING = auto()
    TURNS = auto()
    """Waits until the other model does not compute."""
    WHAT_IS_FREE = auto()
    """Takes its threads or, if the other model rests, all cores: `loadtest.cores.Cores`."""


@dataclass(frozen=True, slots=True)
class Way:
    """Threads of each model, how they share, and whether threads without work spin or sleep."""

    classifier: int
    tagger: int
    sharing: Sharing = Sharing.NOTHING
    sleeps: bool = False


WAYS = {
    "half each": Way(HALF, HALF),
    "all each": Way(CORES, CORES),
    "all each, threads sleep": Way(CORES, CORES, sleeps=True),
    "tagger all, classifier half, threads sleep": Way(HALF, CORES, sleeps=True),
    "all, in turns": Way(CORES, CORES, Sharing.TURNS),
    "half each, all if the other rests": Way(HALF, HALF, Sharing.WHAT_IS_FREE),
}


def computing(way: Way, model: str, turn: Lock, lock: Path) -> Callable[[], AbstractContextManager[Any]]:
    """What a model enters for each forward pass; it tells torch how many threads that has."""
    cores = Cores(getattr(way, model) / CORES, lock if way.sharing is Sharing.WHAT_IS_FREE else None)
    return partial(_in_turn, cores, turn) if way.sharing is Sharing.TURNS else cores.taken


@contextmanager
def _in_turn(cores: Cores, turn: Lock) -> Iterator[int]:
    with turn, cores.taken() as threads:
        yield threads


def replica(model: str, turn: Lock, lock: Path, orders: Connection) -> None:
    """One model in this process: reads the documents that it is sent with a way, and answers when it has."""
    predict, rows_of, max_batch_tokens = _load(model)
    plan = partial(plan_batches, max_batch_tokens=max_batch_tokens)
    before_pass = {way: computing(way, model, turn, lock) for way in WAYS.values()}
    orders.send("loaded")
    while True:
        way, documents = orders.recv()

        def one_pass(batch: Sequence[Any], way: Way = way) -> Sequence[Any]:
            with before_pass[way]():
                return predict(batch)

        predict_in_batches(one_pass, rows_of(documents), plan)
        orders.send("read")


def _load(model: str) -> tuple[Callable[[Sequence[Any]], Sequence[Any]], Callable[[Sequence[Document]], Any], int]:
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
    turn = context.Lock()
    with TemporaryDirectory() as folder, ExitStack() as ended, patch.dict(os.environ, _SLEEPS if sleeps else {}):
        pipes = {}
        for model in MODELS:
            pipes[model], theirs = context.Pipe()
            process = context.Process(target=replica, args=(model, turn, Path(folder) / "cores", theirs), daemon=True)
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
            seconds(pipes, WAYS["half each"], documents[:singles])
        for name in [name for _ in range(rounds) for name in WAYS]:
            way, result = WAYS[name], measured[name]
            result.add(sleeping if way.sleeps else spinning, way, documents, singles)
            err.print(f"{name}: one paper {result.one_s[-1]:.2f} s, many {result.many_per_s[-1]:.2f} papers/s")
    Console().print(table(measured, count=count, rounds=rounds))


def table(measured: Mapping[str, Measured], *, count: int, rounds: int) -> Table:
    """A line for each way: medians over the rounds, and from the lowest to the highest."""
    shown = Table(
        title=f"{machine()}; {count} papers, {rounds} rounds",
        caption="Median (lowest to highest). `half each` is what the cpu profile sets.",
    )
    for column in ("way", "one paper, s", "many at once, papers/s", *(f"{model} alone, papers/s" for model in MODELS)):
        shown.add_column(column, justify="left" if column == "way" else "right")
    for name, result in measured.items():
        values = (result.one_s, result.many_per_s, *result.alone_per_s.values())
        shown.add_row(name, *(f"{median(v):.2f} ({min(v):.2f} to {max(v):.2f})" for v in values))
    return shown


if __name__ == "__main__":
    typer.run(main)
