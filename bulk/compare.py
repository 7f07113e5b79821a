"""The job beside the bare models: the same papers, weights and cores, once through `bulk.job` and once through loops.

    python -m bulk.compare PAPERS --count 96 --out reports/bulk

The bare models read all papers at once in perfect batches, and write nothing. They are laid out in three ways, and the
fastest is what the job is measured against. Loading is in no figure; what is written, and the way there, is in the
job's.
"""

import multiprocessing
import os
import platform
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from typing import Annotated, Any

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
from serve.settings import Settings
from serve.text.document import Document

RAY_NICENESS = 15
"""Ray's workers run at this niceness; so do the loops beside them."""

AIM = 0.95

_models: Models
_together: Barrier


class Comparison(BaseModel):
    """Papers a second, a figure a round."""

    machine: str
    papers: int
    unit_papers: int
    workers: int
    rounds: int
    job: list[float]
    """Of each worker from its first unit to its last, with all that is between them; added up over workers."""
    bare: dict[str, list[float]]

    @property
    def fastest_bare(self) -> str:
        return max(self.bare, key=lambda name: median(self.bare[name]))

    @property
    def ratio(self) -> float:
        return median(self.job) / median(self.bare[self.fastest_bare])

    @property
    def markdown(self) -> str:
        rows = [("the job", self.job), *self.bare.items()]
        table = "".join(
            f"| {name} | {median(rates):.2f} | {', '.join(f'{rate:.2f}' for rate in rates)} "
            f"| {median(self.job) / median(rates):.3f} |\n"
            for name, rates in rows
        )
        return (
            f"# The bulk job beside the bare models\n\n{self.machine}; {self.papers} papers, both models, "
            f"{self.workers} workers, units of {self.unit_papers}, {self.rounds} rounds in turn.\n\n"
            f"| | papers per second, median | rounds | the job over it |\n| --- | ---: | --- | ---: |\n{table}\n"
            f"The job does {self.ratio:.3f} of the fastest bare layout, `{self.fastest_bare}`; the aim is {AIM}.\n"
        )


def main(
    papers: Annotated[Path, typer.Argument(help="Papers in any format, as `pubserve batch` reads them.")],
    count: Annotated[int, typer.Option(min=2, help="Papers, drawn at random with a fixed seed.")] = 96,
    unit_papers: Annotated[int, typer.Option(min=1, help="Papers of a unit of the job.")] = 24,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured.")] = 2,
    out: Annotated[Path | None, typer.Option(help="Folder for report.md and report.json.")] = None,
) -> None:
    """Measure in turn, and print what came of it."""
    settings = Settings(profile="cpu", bulk={"unit_papers": unit_papers})  # type: ignore[arg-type]
    found = [record for _, _, record in read_records(papers) if isinstance(record, PaperRecord)]
    drawn = random.Random(0).sample(found, min(count, len(found)))
    job: list[float] = []
    bare: dict[str, list[float]] = {name: [] for name in _LAYOUTS}
    for _ in range(rounds):
        for name, layout in _LAYOUTS.items():
            bare[name].append(layout(settings, drawn))
        job.append(_job(settings, drawn))
    comparison = Comparison(
        machine=f"{platform.machine()}, {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        papers=len(drawn),
        unit_papers=unit_papers,
        workers=local_workers(settings),
        rounds=rounds,
        job=job,
        bare=bare,
    )
    typer.echo(comparison.markdown)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.md").write_text(comparison.markdown, encoding="utf-8")
        (out / "report.json").write_text(comparison.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _job(settings: Settings, papers: Sequence[PaperRecord]) -> float:
    units: list[Done] = []

    def on_progress(progress: Progress) -> None:
        units.append(progress.last)

    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "papers.jsonl"
        jsonl.write(papers, given)
        job = Job(Location(str(given)), Location(str(Path(folder) / "out")), settings)
        run(job, address=LOCAL, on_progress=on_progress)
    return sum(_rate([unit for unit in units if unit.worker == worker]) for worker in {unit.worker for unit in units})


def _rate(units: Sequence[Done]) -> float:
    """Papers a second of one worker."""
    took_s = max(unit.ended_s for unit in units) - min(unit.began_s for unit in units)
    return sum(unit.entry.papers for unit in units) / took_s


def _in_turn(settings: Settings, papers: Sequence[PaperRecord]) -> float:
    return _measured(settings, [papers], threads=len(os.sched_getaffinity(0)), read=_read_in_turn)


def _side_by_side(settings: Settings, papers: Sequence[PaperRecord]) -> float:
    threads = max(1, round(settings.classifier.share_of_cores * len(os.sched_getaffinity(0))))
    return _measured(settings, [papers], threads=threads, read=_read_side_by_side)


def _process_a_core(settings: Settings, papers: Sequence[PaperRecord]) -> float:
    workers = local_workers(settings)
    shares = [papers[worker::workers] for worker in range(workers)]
    return _measured(settings, shares, threads=round(settings.bulk.worker_cpus), read=_read_in_turn)


_LAYOUTS: dict[str, Callable[[Settings, Sequence[PaperRecord]], float]] = {
    "one process, the models in turn, each on all cores": _in_turn,
    "one process, the models side by side, each on its share of the cores": _side_by_side,
    "a process for each core, the models in turn": _process_a_core,
}


def _measured(
    settings: Settings, shares: Sequence[Sequence[PaperRecord]], *, threads: int, read: Callable[[Any], float]
) -> float:
    """Papers a second of as many processes as there are shares; each is as fast as it is from its own first to last."""
    documents = [
        [Document.from_caller(p.title, p.abstract, max_field_chars=settings.pipeline.max_field_chars) for p in share]
        for share in shares
    ]
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(len(shares))
    with ProcessPoolExecutor(len(shares), context, _load, (settings, threads, together)) as processes:
        list(processes.map(read, [of_share[:2] for of_share in documents]))  # the first pass is slow
        took_s = list(processes.map(read, documents))
    return sum(len(share) / of_share for share, of_share in zip(shares, took_s, strict=True))


def _load(settings: Settings, threads: int, together: Barrier) -> None:
    global _models, _together
    _together = together
    os.nice(max(0, RAY_NICENESS - os.nice(0)))
    os.environ["OMP_NUM_THREADS"] = str(threads)  # before torch is there: it holds for all Python threads
    _models = CatalogLoader().load(settings, DEFAULT_TASKS)
    import torch

    torch.set_num_threads(threads)


def _read_in_turn(documents: Sequence[Document]) -> float:
    _together.wait()
    began_s = time.perf_counter()
    _models.classify(documents)
    _models.extract(documents)
    return time.perf_counter() - began_s


def _read_side_by_side(documents: Sequence[Document]) -> float:
    import torch

    _together.wait()
    began_s = time.perf_counter()
    with ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(torch.get_num_threads(),)) as threads:
        readings = [threads.submit(model, documents) for model in (_models.classify, _models.extract)]
        for reading in readings:
            reading.result()
    return time.perf_counter() - began_s


if __name__ == "__main__":
    typer.run(main)
