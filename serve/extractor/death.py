"""A replica whose engine died goes with it.

vLLM does not start its own processes again; Serve starts a replica again. By itself Serve would see only at the third
check, half a minute later, that there is an engine no more, and send callers here until then.
"""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol, TypeVar

from serve.logs import log

T = TypeVar("T")

LOOK_EVERY_S = 0.5


class Mortal(Protocol):
    """An engine that knows whether its processes live."""

    async def check_health(self) -> None:
        """Raises whatever it is that ended them."""


async def watch(engine: Mortal) -> None:
    """Look now and then, for as long as it lives: nobody may be asking for anything."""
    while True:
        await _go_with(engine)
        await asyncio.sleep(LOOK_EVERY_S)


async def unless_dead(engine: Mortal, items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Pass on what the engine says. That it is dead is no answer: its caller gets what a dying replica leaves."""
    async with aclosing(items):
        try:
            async for item in items:
                await _go_with(engine)  # in a stream, vLLM makes an item of that error
                yield item
        except Exception:
            await _go_with(engine)
            raise


async def _go_with(engine: Mortal) -> None:
    """End this process if the engine is dead, and nothing otherwise."""
    try:
        await engine.check_health()
    except Exception as error:
        log.error("engine_died", reason=str(error))
        for process in multiprocessing.active_children():
            process.kill()  # what is left of the engine would keep its memory
        os._exit(1)
