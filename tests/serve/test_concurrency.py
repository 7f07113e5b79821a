"""Answers as they are ready, and nothing begun in vain."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from serve.concurrency import as_ready, in_thread

pytestmark = pytest.mark.anyio


async def test_what_is_ready_first_comes_first_and_what_is_ready_together_comes_together() -> None:
    async def after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    answers = [sorted(ready) async for ready in as_ready(after(turns) for turns in (9, 1, 5, 1))]

    assert answers == [[1, 1], [5], [9]]


async def test_closing_stops_what_is_left() -> None:
    stopped = []

    async def wait_for_ever(name: str) -> str:
        try:
            await asyncio.sleep(0 if name == "quick" else 3600)
        except asyncio.CancelledError:
            stopped.append(name)
            raise
        return name

    answers = as_ready(wait_for_ever(name) for name in ("slow", "quick", "slower"))
    assert await anext(answers) == ["quick"]
    await answers.aclose()
    await asyncio.sleep(0)

    assert sorted(stopped) == ["slow", "slower"]


async def test_work_in_a_thread_leaves_the_loop_alone() -> None:
    worker = ThreadPoolExecutor(1, thread_name_prefix="worker")

    assert (await in_thread(worker, lambda: threading.current_thread().name)).startswith("worker")
