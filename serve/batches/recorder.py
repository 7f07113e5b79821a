"""Answers on their way into the database: as many in one transaction as came during the last one."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from serve.batches.records import Answer
from serve.errors import Unavailable

_RETRY_S = 1.0


class Recorder:
    """Lives on one event loop.

    Args:
        write: keeps answers, all or none. Where it raises `Unavailable` it is called again.
    """

    def __init__(self, write: Callable[[Sequence[Answer]], Coroutine[None, None, None]]) -> None:
        self._write = write
        self._waiting: list[Answer] = []
        self._woken = asyncio.Event()
        self._closed = False

    def add(self, answer: Answer) -> None:
        self._waiting.append(answer)
        self._woken.set()

    def close(self) -> None:
        """No more answers come."""
        self._closed = True
        self._woken.set()

    async def run(self) -> None:
        """Write until closed. What is there when this is cancelled is written, too, if the database takes it."""
        try:
            while not self._closed:
                await self._woken.wait()
                self._woken.clear()
                await self._flush()
        except asyncio.CancelledError:
            await self._flush_once()
            raise

    async def _flush(self) -> None:
        while self._waiting:
            try:
                await self._flush_once()
            except Unavailable:
                await asyncio.sleep(_RETRY_S)

    async def _flush_once(self) -> None:
        if answers := self._waiting[:]:
            writing = asyncio.create_task(self._write(answers))
            try:
                await asyncio.shield(writing)
            finally:
                await writing  # also when cancelled: whether they are recorded is known before anyone goes on
                del self._waiting[: len(answers)]
