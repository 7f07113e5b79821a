"""Several models at once: each in a process of its own, for conversion is bound by the processor."""

import multiprocessing
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import Queue
from pathlib import Path

from serve.model_store.catalog import Catalog
from serve.model_store.errors import ConversionError, ModelStoreError
from serve.model_store.progress import Reporter
from serve.model_store.store import ModelStore, PreparedModel

AT_ONCE = 2

Event = tuple[str, str, str]
"""A reporter's method, the model, the message."""

Outcome = PreparedModel | ModelStoreError


def prepare_many(store: ModelStore, names: Sequence[str], *, rebuild: bool = False) -> dict[str, Outcome]:
    """Prepare models, at most `AT_ONCE` at a time. One failure does not stop the others.

    Returns, for each name in the order given, the model or the error. Only models that are not ready cost a process,
    and a single one is prepared in this process.
    """
    outcomes: dict[str, Outcome] = {}
    todo = []
    for name in dict.fromkeys(names):
        try:
            ready = None if rebuild else store.find(name)
        except ModelStoreError as error:
            outcomes[name] = error
            continue
        if ready:
            outcomes[name] = ready
        else:
            todo.append(name)
    outcomes |= _in_processes(store, todo, rebuild) if len(todo) > 1 else _here(store, todo, rebuild)
    for name, outcome in outcomes.items():
        if isinstance(outcome, ModelStoreError):
            store.reporter.failed(name, str(outcome))
    return {name: outcomes[name] for name in dict.fromkeys(names)}


def _here(store: ModelStore, names: Sequence[str], rebuild: bool) -> dict[str, Outcome]:
    return {name: _prepare(store, name, rebuild) for name in names}


def _prepare(store: ModelStore, name: str, rebuild: bool) -> Outcome:
    try:
        return store.prepare(name, rebuild=rebuild)
    except ModelStoreError as error:
        return error


def _in_processes(store: ModelStore, names: Sequence[str], rebuild: bool) -> dict[str, Outcome]:
    # Bases first: a model that sits on one then waits for it in its own process while others go on.
    ordered = sorted(names, key=lambda name: store.catalog.entry(name).base is not None)
    context = multiprocessing.get_context("spawn")  # forking a process that has threads is not safe
    events: Queue[Event | None] = context.Queue()
    listener = threading.Thread(target=_relay, args=(events, store.reporter), daemon=True)
    listener.start()
    try:
        with ProcessPoolExecutor(AT_ONCE, context, _start, (store.cache_dir, store.catalog, events)) as pool:
            futures = {name: pool.submit(_work, name, rebuild) for name in ordered}
            return {name: _outcome(name, future) for name, future in futures.items()}
    finally:
        events.put(None)
        listener.join()


def _outcome(name: str, future: Future[Outcome]) -> Outcome:
    try:
        return future.result()
    except BrokenProcessPool:
        return ConversionError(
            f"A process was killed while {name} was being prepared.",
            "Most often the memory ran out: prepare the models one by one, or on a larger machine.",
        )


def _relay(events: "Queue[Event | None]", reporter: Reporter) -> None:
    while (event := events.get()) is not None:
        kind, model, message = event
        getattr(reporter, kind)(model, message)


class _Forward:
    """The reporter in a worker: sends everything to the parent, which owns the terminal."""

    def __init__(self, events: "Queue[Event | None]") -> None:
        self._events = events

    def step(self, model: str, message: str) -> None:
        self._events.put(("step", model, message))

    def done(self, model: str, message: str) -> None:
        self._events.put(("done", model, message))

    def failed(self, model: str, message: str) -> None:
        self._events.put(("failed", model, message))


_store: ModelStore


def _start(cache_dir: Path, catalog: Catalog, events: "Queue[Event | None]") -> None:
    global _store
    _store = ModelStore(cache_dir, catalog, _Forward(events))


def _work(name: str, rebuild: bool) -> Outcome:
    return _prepare(_store, name, rebuild)
