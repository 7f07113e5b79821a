"""The actor that reads units with both models and writes what comes of them."""

import os
import pickle
import platform
import time
from collections.abc import Collection
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from bulk.analysis import Analyst
from bulk.errors import BulkError, ModelsDiffer, WorkerFailed
from bulk.ledger import UnitEntry
from bulk.models import Loader
from bulk.output import Output
from bulk.units import Unit, unit_in
from pubserve.contract import ModelNames, Task
from serve.logs import configure_logs, log
from serve.settings import Settings

COLUMN = "done"


@dataclass(frozen=True)
class Work:
    """What every worker of a job has to know. `loader` is `module:class` of a `bulk.models.Loader`."""

    settings: Settings
    tasks: Collection[Task]
    output: Output
    names: ModelNames
    loader: str


@dataclass(frozen=True, slots=True)
class Done:
    """A unit that is in the ledger, who did it (`node:process`), and from when to when, in seconds since the epoch.

    `cpu_s` is the worker's processor time by then, since it began its first unit.
    """

    entry: UnitEntry
    worker: str
    began_s: float
    ended_s: float
    cpu_s: float


class Worker:
    """Loads the models once; then a call is a unit."""

    def __init__(self, work: Work) -> None:
        configure_logs(work.settings.log)
        self._work = work
        self._analyst: Analyst | None = None
        self._loaded_cpu_s = 0.0

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        """A batch of one row, as Ray Data calls it. An error is an answer, too: Ray would make a text of it."""
        return {COLUMN: [pickle.dumps(self._done_or_not(unit_in(batch)))]}

    def _done_or_not(self, unit: Unit) -> Done | BulkError:
        try:
            return self._do(unit)
        except BulkError as error:
            return error
        except Exception as error:
            log.exception("worker_failed", unit=unit.name)
            return WorkerFailed(
                f"A worker failed on unit {unit.name}: {type(error).__name__}: {error}",
                "What is done stays done: the same command goes on from there.",
            )

    def _do(self, unit: Unit) -> Done:
        self._analyst = self._analyst or self._load()
        began_s = time.time()
        entry = self._work.output.commit(unit, self._analyst.analyse(unit.records))
        done = Done(
            entry, f"{platform.node()}:{os.getpid()}", began_s, time.time(), time.process_time() - self._loaded_cpu_s
        )
        log.info("unit_done", unit=unit.name, papers=entry.papers, seconds=round(done.ended_s - began_s, 1))
        return done

    def _load(self) -> Analyst:
        work = self._work
        loader: Loader = resolve_name(work.loader)()
        models = loader.load(work.settings, work.tasks)
        if models.names != work.names:
            raise ModelsDiffer(
                f"This node has {_both(models.names)}, and the job began with {_both(work.names)}.",
                "Bring the same release to all nodes.",
            )
        self._loaded_cpu_s = time.process_time()
        return Analyst(models, work.tasks, max_field_chars=work.settings.pipeline.max_field_chars)


def done_in(row: dict[str, Any]) -> Done:
    """What a worker did.

    Raises:
        BulkError: what it could not do.
    """
    answer = pickle.loads(row[COLUMN])
    if isinstance(answer, BulkError):
        raise answer
    assert isinstance(answer, Done)
    return answer


def _both(names: ModelNames) -> str:
    return " and ".join(name for name in (names.classifier, names.extractor) if name)
