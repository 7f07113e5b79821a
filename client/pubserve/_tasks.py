"""A run of the asyncio client: one task a batch, and one queue to the caller."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from pubserve._run import Fetch, Run
from pubserve._work import Patience, Work
from pubserve.batching import Piece
from pubserve.contract import Paper, Result
from pubserve.errors import PubserveError

Ask = Callable[[Sequence[Paper]], AsyncGenerator[Result, None]]

_Inbox = asyncio.Queue[tuple[Piece, Result] | BaseException | None]
"""A paper is answered, the run is over, or a batch is done."""


async def answer(run: Run, ask: Ask, fetch: Fetch, patience: Patience) -> AsyncGenerator[Result, None]:
    """The results of a run. Closing the generator cancels every request at once."""
    inbox: _Inbox = asyncio.Queue()
    tasks: set[asyncio.Task[None]] = set()
    active = 0
    with run:
        try:
            while active or not run.exhausted:
                while active < run.batching.concurrency and not run.exhausted and run.has_room:
                    if batch := run.next_batch():
                        task = asyncio.create_task(_work(Work(batch, patience), ask, inbox))
                        tasks.add(task)
                        task.add_done_callback(tasks.discard)
                        active += 1
                    else:
                        pmids = run.pull()
                        run.supply(await asyncio.to_thread(fetch, pmids) if pmids else {})
                        for result in run.ready():
                            yield result
                if active:
                    event = await inbox.get()
                    if isinstance(event, BaseException):
                        raise event
                    if event is None:
                        active -= 1
                    else:
                        run.settle(*event)
                for result in run.ready():
                    yield result
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _work(work: Work, ask: Ask, inbox: _Inbox) -> None:
    try:
        while part := work.next_part():
            await _try(work, part, ask, inbox)
    except Exception as error:
        await inbox.put(error)
    else:
        await inbox.put(None)


async def _try(work: Work, part: Sequence[Piece], ask: Ask, inbox: _Inbox) -> None:
    try:
        async with aclosing(ask([piece.paper for piece in part])) as results:
            async for result in results:
                await inbox.put((work.took(result), result))
    except PubserveError as error:
        wait_s, given_up = work.after(error)
        for settled in given_up:
            await inbox.put(settled)
        await asyncio.sleep(wait_s)
