"""A run of the blocking client: one thread a batch, and one queue to the caller."""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue

from pubserve._run import Fetch, Run
from pubserve._work import Patience, Work
from pubserve.batching import Piece
from pubserve.contract import Paper, Result
from pubserve.errors import PubserveError

Ask = Callable[[Sequence[Paper]], Generator[Result, None, None]]

_Settled = tuple[Piece, Result]
_Event = _Settled | BaseException | None
"""A paper is answered, the run is over, or a batch is done."""


def answer(run: Run, ask: Ask, fetch: Fetch, patience: Patience) -> Generator[Result, None, None]:
    """The results of a run. Closing the generator ends every request at its next result."""
    inbox: SimpleQueue[_Event] = SimpleQueue()
    stop = threading.Event()
    active = 0
    with run:
        try:
            while active or not run.exhausted:
                while active < run.batching.concurrency and not run.exhausted and run.has_room:
                    if batch := run.next_batch():
                        worker = _Worker(Work(batch, patience), ask, inbox, stop)
                        # A daemon: whoever leaves the program does not wait for an answer that nobody will read.
                        run_worker = partial(copy_context().run, worker.run)  # with the caller's trace
                        threading.Thread(target=run_worker, name="pubserve-batch", daemon=True).start()
                        active += 1
                    else:
                        pmids = run.pull()
                        run.supply(fetch(pmids) if pmids else {})
                        yield from run.ready()
                if active:
                    event = inbox.get()
                    if isinstance(event, BaseException):
                        raise event
                    if event is None:
                        active -= 1
                    else:
                        run.settle(*event)
                yield from run.ready()
        finally:
            stop.set()


class _Worker:
    def __init__(self, work: Work, ask: Ask, inbox: SimpleQueue[_Event], stop: threading.Event) -> None:
        self._work = work
        self._ask = ask
        self._inbox = inbox
        self._stop = stop

    def run(self) -> None:
        try:
            while not self._stop.is_set() and (part := self._work.next_part()):
                self._try(part)
        except BaseException as error:
            self._inbox.put(error)
        else:
            self._inbox.put(None)

    def _try(self, part: Sequence[Piece]) -> None:
        try:
            with closing(self._ask([piece.paper for piece in part])) as results:
                for result in results:
                    if self._stop.is_set():
                        return
                    self._inbox.put((self._work.took(result), result))
        except PubserveError as error:
            wait_s, given_up = self._work.after(error)
            for settled in given_up:
                self._inbox.put(settled)
            self._stop.wait(wait_s)
