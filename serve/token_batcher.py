"""Work of many calls in batches sized by tokens, in threads apart from the event loop."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from serve import tracing
from serve.batching import Tokenised, padding_share, plan_batches
from serve.stages import BatchStats
from serve.turns import Turn, TurnQueue

Item = TypeVar("Item", bound=Tokenised)
Answer = TypeVar("Answer")

BATCHES_LOOKED_AHEAD = 4
"""Items that far behind may be preferred for their length: the more there are to choose from, the less is padding."""


@dataclass(frozen=True, slots=True)
class Answered(Generic[Answer]):
    """The model's answer to one item, how long it waited for its batch, and how long that batch took."""

    answer: Answer
    queue_ms: float
    work_ms: float
    batch: BatchStats | None
    """Set on the first item of each batch only, so that a batch is counted once."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[Item, Answer]):
    item: Item
    enqueued_s: float
    trace: str | None
    answered: asyncio.Future[Answered[Answer]]

    @property
    def tokens(self) -> int:
        return len(self.item.ids)


class TokenBatcher(Generic[Item, Answer]):
    """Fills batches from all calls at once, in the order of their turns.

    A batch holds work of one priority only: what is urgent does not wait for the rest of a batch that is not. Its first
    item is always the one whose turn it is, so that none waits for ever for company of its length.

    Own code, because the queue of `@serve.batch` knows neither priorities nor callers.

    Args:
        predict: the model: one answer per item, in order. Runs in `passes` threads at once.
        passes: how many batches are under way at the same time.
        begin_thread: called in each of these threads before its first batch.
        max_batch_tokens: rows times longest row of a batch; a longer item goes alone.
        wait_s: how long the first batches after an idle time wait for company.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[Item]], Sequence[Answer]],
        *,
        passes: int,
        max_batch_tokens: int,
        wait_s: float,
        begin_thread: Callable[[], None] | None = None,
    ) -> None:
        self._predict = predict
        self._passes = passes
        self._threads = ThreadPoolExecutor(passes, thread_name_prefix="model", initializer=begin_thread)
        self._max_batch_tokens = max_batch_tokens
        self._wait_s = wait_s
        self._waiting: TurnQueue[_Job[Item, Answer]] = TurnQueue()
        self._running: set[asyncio.Task[None]] = set()
        self._under_way = 0

    async def run(self, items: Sequence[Item], turn: Turn) -> list[Answered[Answer]]:
        """One answer per item, in order. What has not begun when the call is cancelled never begins."""
        loop, now_s = asyncio.get_running_loop(), time.monotonic()
        jobs: list[_Job[Item, Answer]] = [_Job(item, now_s, turn.trace, loop.create_future()) for item in items]
        for job in jobs:
            self._waiting.push(job, turn, job.tokens)
        for _ in range(min(len(jobs), self._passes - len(self._running))):
            running = asyncio.create_task(self._run_batches())
            self._running.add(running)
            running.add_done_callback(self._running.discard)
        try:
            return list(await asyncio.gather(*(job.answered for job in jobs)))
        finally:
            for job in jobs:
                job.answered.cancel()

    async def _run_batches(self) -> None:
        await asyncio.sleep(self._wait_s)
        while batch := self._next_batch():
            self._under_way += 1
            try:
                await self._run_batch(batch)
            finally:
                self._under_way -= 1

    def _next_batch(self) -> list[_Job[Item, Answer]]:
        self._waiting.drop(lambda job: job.answered.done())
        if not self._waiting:
            return []
        candidates = self._waiting.next_up(max(BATCHES_LOOKED_AHEAD, self._passes) * self._max_batch_tokens)
        # What is little is shared out: no pass takes all of it while another has nothing to do.
        share = -(-_padded_tokens(candidates) // (self._passes - self._under_way))
        plan = plan_batches([job.tokens for job in candidates], max_batch_tokens=min(self._max_batch_tokens, share))
        batch = [candidates[index] for index in next(indices for indices in plan if 0 in indices)]
        self._waiting.take(batch)
        return batch

    async def _run_batch(self, jobs: Sequence[_Job[Item, Answer]]) -> None:
        started_s = time.monotonic()
        items = [job.item for job in jobs]
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self._threads, self._predict, items)
        except Exception as error:  # of whatever kind: it is theirs who asked, and the next batch runs all the same
            for job in jobs:
                if not job.answered.done():
                    job.answered.set_exception(error)
            return
        ended_s = time.monotonic()
        work_ms = (ended_s - started_s) * 1e3
        stats = BatchStats(len(jobs), _padded_tokens(jobs), padding_share([job.tokens for job in jobs]))
        for place, (job, answer) in enumerate(zip(jobs, answers, strict=True)):
            if not job.answered.done():
                queue_ms = (started_s - job.enqueued_s) * 1e3
                job.answered.set_result(Answered(answer, queue_ms, work_ms, None if place else stats))
        _record(jobs, stats, started_s, ended_s)


def _record(jobs: Sequence[_Job[Any, Any]], stats: BatchStats, started_s: float, ended_s: float) -> None:
    """What each trace with a part in a batch is to know of it: how long that part waited, and what the batch was."""
    parts: dict[str, list[_Job[Any, Any]]] = {}
    for job in jobs:
        if job.trace is not None:
            parts.setdefault(job.trace, []).append(job)
    for trace, part in parts.items():
        tracing.record("wait", min(job.enqueued_s for job in part), started_s, parent=trace, rows=len(part))
        tracing.record(
            "batch", started_s, ended_s, parent=trace, rows=len(part), tokens=sum(job.tokens for job in part),
            batch_rows=stats.rows, batch_padded_tokens=stats.padded_tokens, batch_padding_share=stats.padding_share,
        )  # fmt: skip


def _padded_tokens(jobs: Sequence[_Job[Any, Any]]) -> int:
    """Size of a batch: rows times longest row, which is what a forward pass costs."""
    return len(jobs) * max(job.tokens for job in jobs)
