"""What the models' replicas share: work in a thread of its own, and answers in the order in which they are ready."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from concurrent.futures import Executor
from typing import ParamSpec, TypeVar

Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")


async def in_thread(
    worker: Executor, function: Callable[Arguments, Value], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Value:
    """Call `function` in `worker`, so that the event loop goes on."""
    return await asyncio.get_running_loop().run_in_executor(worker, lambda: function(*args, **kwargs))


async def as_ready(work: Iterable[Coroutine[None, None, Value]]) -> AsyncGenerator[list[Value], None]:
    """Run all at once and yield the results that are there, as soon as any is: what is ready together travels together.

    Closing the iterator cancels the rest: the caller went away or ran out of time, and what has not begun never does.
    """
    tasks = [asyncio.create_task(one) for one in work]
    try:
        waiting = set(tasks)
        while waiting:
            ready, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            yield [task.result() for task in ready]
    finally:
        for unfinished in tasks:
            unfinished.cancel()
