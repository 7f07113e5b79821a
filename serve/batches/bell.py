"""Something has changed: whoever waits for that looks again."""

import asyncio
from contextlib import suppress


class Bell:
    """Lives on one event loop. Who does not wait when it rings does not hear it, and looks a little later."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self, timeout_s: float) -> None:
        """Until it rings, but no longer than that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
