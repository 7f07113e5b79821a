"""The job beside the bare models: the same papers, weights and cores, once through `bulk.job` and once through loops.

    python -m bulk.compare PAPERS --count 192 --unit-papers 48 --rounds 1 --bare processes --out reports/bulk

The bare models read all papers at once in perfect batches, and write nothing. They are laid out in three ways, and the
fastest of those that are measured is what the job is measured against. Loading is in no figure; reading the input,
writing the parts and all that Ray does between two units is in the job's. Beside papers per second stand papers per
second of processor time, which other work on the machine does not slow.
"""

import multiprocessing
import os
import platform
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from enum import StrEnum
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from typing import Annotated

import psutil
import typer
from pydantic import BaseModel

from bulk.cluster import LOCAL, local_workers
from bulk.job import Job, Progress, run
from bulk.models import CatalogLoader, Models
from bulk.storage import Location
from bulk.worker import Done
from pubserve.contract import DEFAULT_TASKS
from pubserve.formats import jsonl
from pubserve.formats.reading import read_records
from pubserve.formats.records import PaperRecord
from serve.hardware import available_cores
from serve.settings import Settings
from serve.text.document import Document

AIM = 0.95


class Bare(StrEnum):
    """How the bare models are laid out."""

    IN_TURN = "in-turn"
    SIDE_BY_SIDE = "side-by-side"
    PROCESSES = "processes"


_DESCRIPTIONS = {
    Bare.IN_TURN: "one process, the models in turn, each on all cores",
    Bare.SIDE_BY_SIDE: "one process, the models side by side, each on its share of the cores",
    Bare.PROCESSES: "a process for each core, the models in turn",
}
NICENESS_VARIABLE = "RAY_worker_niceness"
"""Ray's workers are nice; here they are not, for neither are the loops beside them."""

_models: Models
_together: Barrier


class Rate(BaseModel):
    """Papers per second, and per second of processor time, of one round. Rates of processes add up."""

    per_s: float
    per_cpu_s: float


class Comparison(BaseModel):
    """A rate a round, of the job and of each layout of the bare models."""

    machine: str
    papers: int
    unit_papers: int
    workers: int
    job: list[Rate]
    bare: dict[str, list[Rate]]

    @property
    def fastest_bare(self) -> str:
        return max(self.bare, key=lambda name: _median(self.bare[name]))

    @property
    def ratio(self) -> float:
        return _median(self.job) / _median(self.bare[self.fastest_bare])

    @property
    def markdown(self) -> str:
        rows = [("the job", self.job), *self.bare.items()]
        table = "".join(
            f"| {name} | {_median(rates):.2f} | {', '.join(f'{rate.per_s:.2f}' for rate in rates)} "
            f"| {_median(self.job) / _median(rates):.3f} | {_cpu(rates):.2f} | {_cpu(self.job) / _cpu(rates):.3f} |\n"
            for name, rates in rows
        )
        return (
            f"# The bulk job beside the bare models\n\n{self.machine}; {self.papers} papers, both models, "
            f"{self.workers} workers, units of {self.unit_papers}, {len(self.job)} rounds in turn.\n\n"
            "| | papers per second, median | rounds | the job over it | papers per second of processor time "
            "| the job over it |\n| --- | ---: | --- | ---: | ---: | ---: |\n"
            f"{table}\nThe job does {self.ratio:.3f} of the fastest bare layout, `{self.fastest_bare}`; "
            f"the aim is {AIM}.\n"
        )


def main(
    papers: Annotated[Path, typer.Argument(help="Papers in any format, as `pubserve batch` reads them.")],
    count: Annotated[int, typer.Option(min=2, help="Papers, drawn at random with a fixed seed.")] = 48,
    unit_papers: Annotated[int, typer.Option(min=1, help="Papers of a unit of the job.")] = 12,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured.")] = 2,
    bare: Annotated[list[Bare] | None, typer.Option(help="Layouts to measure; repeatable.", show_default="all")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for report.md and report.json.")] = None,
) -> None:
    """Measure in turn, and print what came of it."""
    os.environ[NICENESS_VARIABLE] = "0"
    settings = Settings(profile="cpu", bulk={"unit_papers": unit_papers})
    found = [record for _, _, record in read_records(papers) if isinstance(record, PaperRecord)]
    drawn = random.Random(0).sample(found, min(count, len(found)))
    with ExitStack() as stack:
        layouts = _layouts(settings, drawn)
        measured = {_DESCRIPTIONS[name]: stack.enter_context(layouts[name]) for name in bare or Bare}
        comparison = Comparison(
            machine=f"{platform.machine()}, {psutil.cpu_count()} cores, "
            f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
            papers=len(drawn),
            unit_papers=unit_papers,
            workers=local_workers(settings),
            job=[],
            bare={name: [] for name in measured},
        )
        for _ in range(rounds):
            for name, measure in measured.items():
                comparison.bare[name].append(measure())
            comparison.job.append(_job(settings, drawn))
            if out:  # whatever breaks off the next round, this one is kept
                _write(comparison, out)
    typer.echo(comparison.markdown)


def _write(comparison: Comparison, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.md").write_text(comparison.markdown, encoding="utf-8")
    (out / "report.json").write_text(comparison.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _job(settings: Settings, papers: Sequence[PaperRecord]) -> Rate:
    units: list[Done] = []

    def on_progress(progress: Progress) -> None:
        units.append(progress.last)

    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "papers.jsonl"
        jsonl.write(papers, given)
        job = Job(Location(str(given)), Location(str(Path(folder) / "out")), settings)
        run(job, address=LOCAL, on_progress=on_progress)
    return _sum([_of_worker([unit for unit in units if unit.worker == worker]) for worker in {u.worker for u in units}])


def _of_worker(units: Sequence[Done]) -> tuple[int, float, float]:
    """Papers, seconds from the first unit to the last with all that is between them, and processor time."""
    took_s = max(unit.ended_s for unit in units) - min(unit.began_s for unit in units)
    return sum(unit.entry.papers for unit in units), took_s, max(unit.cpu_s for unit in units)


def _sum(processes: Sequence[tuple[int, float, float]]) -> Rate:
    """Of processes that work at the same time, each with its papers, seconds and processor time."""
    papers = sum(of_process for of_process, _, _ in processes)
    return Rate(
        per_s=sum(of_process / took_s for of_process, took_s, _ in processes),
        per_cpu_s=papers / sum(cpu_s for _, _, cpu_s in processes),
    )


Read = Callable[[Sequence[Document]], None]
Measure = Callable[[], Rate]


def _layouts(settings: Settings, papers: Sequence[PaperRecord]) -> dict[Bare, AbstractContextManager[Measure]]:
    cores = available_cores()
    workers = local_workers(settings)
    half = max(1, cores // 2)
    documents = [
        Document.from_caller(p.title, p.abstract, max_field_chars=settings.pipeline.max_field_chars) for p in papers
    ]
    return {
        Bare.IN_TURN: _bare([documents], cores, _in_turn),
        Bare.SIDE_BY_SIDE: _bare([documents], half, _side_by_side),
        Bare.PROCESSES: _bare(
            [documents[worker::workers] for worker in range(workers)], round(settings.bulk.worker_cpus), _in_turn
        ),
    }


@contextmanager
def _bare(shares: Sequence[Sequence[Document]], threads: int, read: Read) -> Iterator[Measure]:
    """Processes with both models, one for each share of the papers; what they measure begins in all at once."""
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(len(shares))
    with ProcessPoolExecutor(len(shares), context, _load, (threads, together)) as processes:

        def measure() -> Rate:
            took = processes.map(_timed, [read] * len(shares), shares)
            return _sum([(len(share), *of_share) for share, of_share in zip(shares, took, strict=True)])

        list(processes.map(_timed, [read] * len(shares), [share[:2] for share in shares]))  # the first pass is slow
        yield measure


def _load(threads: int, together: Barrier) -> None:
    global _models, _together
    os.environ["OMP_NUM_THREADS"] = str(threads)  # before torch is there: it holds for all Python threads
    _together = together
    _models = CatalogLoader().load(Settings(profile="cpu"), DEFAULT_TASKS)
    import torch

    torch.set_num_threads(threads)


def _timed(read: Read, documents: Sequence[Document]) -> tuple[float, float]:
    """Seconds, and those of processor time."""
    _together.wait()
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    read(documents)
    return time.perf_counter() - began_s, time.process_time() - began_cpu_s


def _in_turn(documents: Sequence[Document]) -> None:
    _models.classify(documents)
    _models.extract(documents)


def _side_by_side(documents: Sequence[Document]) -> None:
    import torch

    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(torch.get_num_threads(),)) as threads:
        readings = [threads.submit(model, documents) for model in (_models.classify, _models.extract)]
        for reading in readings:
            reading.result()


def _median(rates: Sequence[Rate]) -> float:
    return median(rate.per_s for rate in rates)


def _cpu(rates: Sequence[Rate]) -> float:
    return median(rate.per_cpu_s for rate in rates)


if __name__ == "__main__":
    typer.run(main)
