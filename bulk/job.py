"""The job: sources through Ray Data to workers, from where it broke off, until every unit is in the ledger."""

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name

from bulk.cluster import READER_CPUS, running_ray
from bulk.errors import UnusableOutput, WorkerFailed
from bulk.manifest import Manifest
from bulk.models import Loader
from bulk.output import Output, PartFormat
from bulk.report import Report
from bulk.sources import Source, files_of, sources_of
from bulk.storage import Location
from bulk.totals import Totals
from bulk.units import unit_name
from bulk.worker import Done, Work, Worker, done_in
from pubserve.contract import DEFAULT_TASKS, Task
from pubserve.formats import Format
from serve.settings import Settings

CATALOG_LOADER = "bulk.models:CatalogLoader"
RETRIES = 2
"""A unit whose worker dies is given to another: a node may go. What kills every worker must not go round for ever."""

_NO_NEWS = (
    "`ray_remote_args` is deprecated",  # Ray 2.60 has no other way to bound retries than the one that it will replace
    "The minimum number of concurrent actors",  # of a single file: it has many units, which Ray Data cannot know
)


@dataclass(frozen=True)
class Job:
    """What to read, with what, and where to. `loader` is `module:class` of a `bulk.models.Loader`."""

    input: Location
    output: Location
    settings: Settings
    tasks: Sequence[Task] = DEFAULT_TASKS
    input_format: Format | None = None
    format: PartFormat = PartFormat.JSONL
    loader: str = CATALOG_LOADER


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: units of this run and of earlier ones, of so many bytes of input."""

    last: Done
    totals: Totals
    resumed: int
    size_bytes: int
    elapsed_s: float
    """From the start of the first unit of this run."""

    @property
    def papers_per_s(self) -> float:
        return (self.totals.papers - self.resumed) / self.elapsed_s if self.elapsed_s else 0.0


def run(
    job: Job,
    *,
    address: str | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Report:
    """Do what is left of the job, and report on all of it. The same call goes on where the last one was killed.

    Args:
        address: of a Ray cluster; None is `RAY_ADDRESS`, or else a Ray of its own on this machine.
        workers: None is as many as there is room for.

    Raises:
        BulkError: see `bulk.errors`; what is in the ledger stays done.
    """
    if job.input.contains(job.output):
        raise UnusableOutput("The output lies in the input, and would be read as papers.", "Name another folder.")
    files = files_of(job.input)
    sources = list(sources_of(files))
    loader: Loader = resolve_name(job.loader)()
    names = loader.names(job.settings, job.tasks)
    output = Output(job.output, job.format)
    manifest = Manifest.of(
        job.input, files, job.settings,
        input_format=job.input_format, tasks=job.tasks, format=job.format, models=names,
    )  # fmt: skip
    output.begin(manifest, overwrite=overwrite)
    totals, done, last = _so_far(output)
    resumed = totals.papers
    began_s, ended_s = float("inf"), 0.0
    size_bytes = sum(source.size_bytes for source in sources)
    if left := [source for source in sources if not _is_done(source, done, last)]:
        output.reopen()
        work = Work(job.settings, tuple(job.tasks), output, names, job.loader)
        with running_ray(address, job.settings, workers=workers) as pool:
            for unit in _units_done(job, left, done, work, workers=pool):
                totals.add(unit.entry)
                began_s, ended_s = min(began_s, unit.began_s), max(ended_s, unit.ended_s)
                on_progress(Progress(unit, totals, resumed, size_bytes, time.time() - began_s))
    report = Report.of(
        totals, input=job.input.url, output=job.output.url, models=names, files=len(files), resumed=resumed,
        elapsed_s=max(0.0, ended_s - began_s),
    )  # fmt: skip
    output.finish(report.model_dump_json(indent=2) + "\n")
    return report


def _so_far(output: Output) -> tuple[Totals, set[str], dict[int, int]]:
    """What earlier runs add up to, the units they did, and by source the number of its last unit, where it is known."""
    totals, done, last = Totals(), set[str](), dict[int, int]()
    for entry in output.entries():
        totals.add(entry)
        done.add(unit_name(entry.source, entry.number))
        if entry.is_last:
            last[entry.source] = entry.number
    return totals, done, last


def _is_done(source: Source, done: set[str], last: dict[int, int]) -> bool:
    end = last.get(source.number)
    return end is not None and all(unit_name(source.number, number) in done for number in range(end + 1))


def _units_done(
    job: Job, sources: Sequence[Source], done: set[str], work: Work, *, workers: int | None
) -> Iterator[Done]:
    """Every unit that was not done, as it is done. Ray Data reads ahead no further than its memory allows."""
    import ray
    from ray.data import ActorPoolStrategy, DataContext
    from ray.exceptions import RayError

    from bulk.datasource import Units

    bulk = job.settings.bulk
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.target_max_block_size = 1  # bytes: a unit is a block, and is never put together with others
    for message in _NO_NEWS:
        warnings.filterwarnings("ignore", message=message)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what goes wrong is raised, and said by us
    units = Units(sources, records=bulk.unit_papers, format=job.input_format, done=done)
    pool = ActorPoolStrategy(size=workers) if workers else ActorPoolStrategy(min_size=1)
    try:
        dataset = ray.data.read_datasource(units, num_cpus=READER_CPUS, override_num_blocks=len(sources)).map_batches(
            Worker,
            fn_constructor_args=(work,),
            batch_size=1,
            compute=pool,
            num_cpus=bulk.worker_cpus,
            num_gpus=bulk.worker_gpus or None,
            max_task_retries=RETRIES,
        )
        yield from map(done_in, dataset.iter_rows())
    except (RayError, RuntimeError) as error:
        raise WorkerFailed(
            f"Ray gave up on the workers: {str(error).strip().splitlines()[-1]}",
            "What is done stays done: the same command goes on from there.",
        ) from error
