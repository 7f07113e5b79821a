"""Work of many calls in batches sized by tokens, in one thread apart from the event loop."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ray import serve

from serve.batching import Tokenised, padding_share
from serve.stages import BatchStats

Item = TypeVar("Item", bound=Tokenised)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Answered(Generic[Answer]):
    """The model's answer to one item, how long it waited for its batch, and how long that batch took."""

    answer: Answer
    queue_ms: float
    work_ms: float
    batch: BatchStats | None
    """Set on the first item of each batch only, so that a batch is counted once."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[Item]):
    item: Item
    enqueued_s: float


class TokenBatcher(Generic[Item, Answer]):
    """Fills batches from all calls at once, one pass at a time.

    Args:
        predict: the model: one answer per item, in order. Runs in the worker.
        worker: of one thread: passes of one replica would only fight for the same cores or the same GPU.
        max_batch_tokens: rows times longest row of a batch; a longer item goes alone.
        wait_s: how long a batch waits for company.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[Item]], Sequence[Answer]],
        worker: ThreadPoolExecutor,
        *,
        max_batch_tokens: int,
        wait_s: float,
    ) -> None:
        self._predict = predict
        self._worker = worker

        async def run_batch(jobs: list[_Job[Item]]) -> list[Answered[Answer]]:
            return await self._run_batch(jobs)

        def size(jobs: Sequence[_Job[Item]]) -> int:
            # Ray Serve refuses an item that is above the limit all alone.
            return _padded_tokens(jobs) if len(jobs) > 1 else min(_padded_tokens(jobs), max_batch_tokens)

        batched: Any = serve.batch(max_batch_size=max_batch_tokens, batch_wait_timeout_s=wait_s, batch_size_fn=size)
        self._enqueue = batched(run_batch)

    async def run(self, items: Sequence[Item]) -> list[Answered[Answer]]:
        """One answer per item, in order."""
        now_s = time.monotonic()
        # Neighbours in the queue end up in one batch, so similar lengths should be neighbours.
        order = sorted(range(len(items)), key=lambda i: len(items[i].ids))
        answers = await asyncio.gather(*(self._enqueue(_Job(items[i], now_s)) for i in order))
        by_index = dict(zip(order, answers, strict=True))
        return [by_index[i] for i in range(len(items))]

    async def _run_batch(self, jobs: list[_Job[Item]]) -> list[Answered[Answer]]:
        started_s = time.monotonic()
        items = [job.item for job in jobs]
        answers = await asyncio.get_running_loop().run_in_executor(self._worker, self._predict, items)
        work_ms = (time.monotonic() - started_s) * 1e3
        stats = BatchStats(len(jobs), _padded_tokens(jobs), padding_share([len(item.ids) for item in items]))
        return [
            Answered(answer, (started_s - job.enqueued_s) * 1e3, work_ms, None if place else stats)
            for place, (job, answer) in enumerate(zip(jobs, answers, strict=True))
        ]


def _padded_tokens(jobs: Sequence[_Job[Any]]) -> int:
    """Size of a batch: rows times longest row, which is what a forward pass costs."""
    return len(jobs) * max(len(job.item.ids) for job in jobs)
