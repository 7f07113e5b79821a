"""Something has changed: whoever waits for that looks again."""

import asyncio
from contextlib import suppress


class Bell:
    """Lives on one event loop. Ask for the next ring before you look at what may change: then you miss none."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def ring(self) -> None:
        self._next.set()
        self._next = asyncio.Event()

    def next_ring(self) -> asyncio.Event:
        return self._next


async def heard(ring: asyncio.Event, timeout_s: float) -> None:
    """Wait for a ring, but no longer than that."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await ring.wait()
