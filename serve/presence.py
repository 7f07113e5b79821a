"""Whether a deployment is there at all: a chat must not wait in silence for the minutes that a new engine takes."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from serve.errors import Unavailable

T = TypeVar("T")

QUIET_S = 2.0
"""Who said something this lately is not asked."""
ANSWER_WITHIN_S = 10.0
"""Busy replicas take their time: as long as readiness gives them."""
RETRY_AFTER_S = 30
"""A new engine is there in one to a few minutes. OpenAI's clients wait up to one if they are told to."""
PAUSE_S = 0.5


class Presence:
    """Of a deployment that answers `ask`, sooner or later. A replica that is being started answers when it is there."""

    def __init__(self, ask: Callable[[], Awaitable[object]]) -> None:
        self._ask = ask
        self._heard_s = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._asked_s = 0.0

    async def overhear(self, items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
        """Pass on what it says. Where it breaks off, it is asked before the next who comes."""
        try:
            async with aclosing(items):
                async for item in items:
                    self._heard_s = time.monotonic()
                    yield item
        except Unavailable:
            self._heard_s = float("-inf")
            raise

    async def require(self) -> None:
        """Come back when it answers; at once where it just said something.

        Raises:
            Unavailable: it did not for `ANSWER_WITHIN_S`, however many have waited for that.
        """
        now_s = time.monotonic()
        if now_s - self._heard_s < QUIET_S:
            return
        if self._asking is None or self._asking.done():
            self._asked_s, self._asking = now_s, asyncio.create_task(self._until_answered())
        try:
            async with asyncio.timeout(self._asked_s + ANSWER_WITHIN_S - now_s):
                await asyncio.shield(self._asking)
        except TimeoutError:
            raise Unavailable(
                "The engine does not answer: it is being started or replaced, or has too much to do. Retry.",
                retry_after_s=RETRY_AFTER_S,
            ) from None

    async def _until_answered(self) -> None:
        while True:
            try:
                await self._ask()
                break
            except Unavailable:
                await asyncio.sleep(PAUSE_S)  # who was asked died over it
        self._heard_s = time.monotonic()
