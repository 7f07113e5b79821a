"""Results until a deadline; what has not come by then is abandoned."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import TypeVar

from serve.errors import DeadlineExceeded

T = TypeVar("T")

DEADLINE_HEADER = "x-request-timeout-ms"


async def until_deadline(deadline_s: float, results: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Pass results on until `deadline_s` seconds from now. However it ends, `results` is closed before it does.

    Raises:
        DeadlineExceeded: results were still to come.
    """
    ends_s = time.monotonic() + deadline_s
    try:
        while True:
            async with asyncio.timeout(ends_s - time.monotonic()):
                try:
                    result = await anext(results)
                except StopAsyncIteration:
                    return
            yield result
    except TimeoutError:
        raise DeadlineExceeded(
            f"The answer was not complete within {deadline_s * 1e3:.0f} ms; raise {DEADLINE_HEADER}, "
            "ask for less at once, or use /v1/analyze/stream to keep what is done.",
            param=DEADLINE_HEADER,
        ) from None
    finally:
        await results.aclose()
