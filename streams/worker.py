"""Messages in, answers out: batches collected, a bounded number of them at the service, each settled when it is done.

What a worker holds is bounded by what it may have at the service: that many batches, and the one being collected.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from serve.logs import log
from streams.broker import Broker, BrokerRefused, BrokerUnavailable
from streams.messages import DeadLetter, Delivery, Question, Settled, read
from streams.metrics import WorkerMetrics
from streams.reading import Reading
from streams.settings import WorkerSettings

IDLE_WAIT_S = 1.0
"""How long one look for messages takes when there are none; a stop is noticed after that at the latest."""

Result = TypeVar("Result")
Batch = list[Question | DeadLetter]


class Worker:
    """One member of the group. Single-threaded."""

    def __init__(self, settings: WorkerSettings, broker: Broker, reading: Reading, metrics: WorkerMetrics) -> None:
        self._settings = settings
        self._broker = broker
        self._reading = reading
        self._metrics = metrics
        self._stop = asyncio.Event()
        self._held: dict[Hashable, Delivery] = {}
        self._at_service: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Read no more; finish what is at the service within the grace time."""
        self._stop.set()

    async def run(self) -> None:
        """Work until stopped, and until what is held is settled or given back.

        Raises:
            BrokerRefused: alone or in a group, when the broker will not have us.
        """
        settings = self._settings
        opened = await self._until_available(self._open, unless_stopped=True)
        if not opened:
            return
        log.info("worker_started", source=settings.source, output=settings.output, group=settings.group)
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self._watch())
                await self._pump(tasks)
                await self._finish()
                watching.cancel()
        finally:
            await self._leave()

    async def _open(self) -> bool:
        await self._broker.open()
        return True

    async def _pump(self, tasks: asyncio.TaskGroup) -> None:
        slots = asyncio.Semaphore(self._settings.concurrency)
        while not self._stop.is_set():
            batch = await self._collect()
            if batch and await self._slot_in(slots):
                task = tasks.create_task(self._settle(batch))
                self._at_service.add(task)
                task.add_done_callback(self._at_service.discard)
                task.add_done_callback(lambda _: slots.release())

    async def _collect(self) -> Batch:
        """The next batch: full, or as full as it is some time after its first message."""
        settings = self._settings
        batch: Batch = []
        tokens = 0
        ends_s = 0.0
        while len(batch) < settings.batch_papers and tokens < settings.batch_tokens and not self._stop.is_set():
            wait_s = ends_s - time.monotonic() if batch else IDLE_WAIT_S
            if wait_s < 0:
                break
            limit = settings.batch_papers - len(batch)
            deliveries = await self._until_available(self._broker.read, limit, wait_s, unless_stopped=True)
            if deliveries and not batch:
                ends_s = time.monotonic() + settings.batch_wait_s
            for delivery in deliveries or ():
                self._hold(delivery)
                question = read(delivery, max_bytes=settings.max_message_bytes, max_deliveries=settings.max_deliveries)
                batch.append(question)
                tokens += question.tokens if isinstance(question, Question) else 0
        return batch

    async def _settle(self, batch: Batch) -> None:
        """A batch, until every message in it is settled. Papers that are asked different things go apart."""
        by_tasks: defaultdict[tuple[str, ...], list[Question]] = defaultdict(list)
        for item in batch:
            if isinstance(item, Question):
                by_tasks[item.tasks].append(item)
        self._metrics.batch_papers.observe(sum(map(len, by_tasks.values())))
        with self._metrics.batch_seconds.time():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write([item for item in batch if isinstance(item, DeadLetter)]))
                for questions in by_tasks.values():
                    tasks.create_task(self._ask(questions))

    async def _ask(self, questions: Sequence[Question]) -> None:
        async with aclosing(self._reading.settle(questions)) as outcomes:
            async for settled in outcomes:
                await self._write(settled)

    async def _write(self, settled: Sequence[Settled]) -> None:
        if not settled:
            return
        written = await self._until_available(self._broker.settle, settled)
        for item, fresh in zip(settled, written or (), strict=True):
            self._held.pop(item.delivery.place, None)
            if not fresh:
                self._metrics.settled.labels("repeated").inc()
            elif isinstance(item, DeadLetter):
                self._metrics.settled.labels("dead").inc()
                self._metrics.dead_letters.labels(item.reason.value).inc()
                log.warning("message_dead", entry=str(item.delivery.place), reason=item.reason.value)
            else:
                self._metrics.settled.labels("answered").inc()
        self._metrics.held.set(len(self._held))

    async def _watch(self) -> None:
        """Keep the gauges of the backlog up to date."""
        while True:
            with contextlib.suppress(BrokerUnavailable):
                self._metrics.observe(await self._broker.backlog())
            await asyncio.sleep(self._settings.backlog_poll_s)

    async def _finish(self) -> None:
        """What is at the service gets the grace time; then it is dropped there."""
        log.info("worker_stopping", batches=len(self._at_service), grace_s=self._settings.grace_s)
        if self._at_service:
            await asyncio.wait(self._at_service, timeout=self._settings.grace_s)
        for task in self._at_service:
            task.cancel()

    async def _leave(self) -> None:
        """Give back what is not settled. If that cannot be done, others claim it in a while."""
        given_back = list(self._held.values())
        try:
            await self._broker.give_back(given_back)
            await self._broker.close()
        except (BrokerUnavailable, BrokerRefused) as error:
            log.warning("messages_not_given_back", count=len(given_back), reason=str(error))
        else:
            log.info("worker_stopped", given_back=len(given_back))

    def _hold(self, delivery: Delivery) -> None:
        self._held[delivery.place] = delivery
        self._metrics.held.set(len(self._held))

    async def _until_available(
        self, call: Callable[..., Awaitable[Result]], *arguments: Any, unless_stopped: bool = False
    ) -> Result | None:
        """What the broker answers, however long that takes; None if we were stopped meanwhile and should mind that."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(BrokerUnavailable),
            wait=lambda state: self._settings.retries.wait_s(state.attempt_number, None),
            stop=lambda _: unless_stopped and self._stop.is_set(),
            sleep=self._sleep_unless_stopped if unless_stopped else asyncio.sleep,
            before_sleep=self._note_outage,
            retry_error_callback=lambda _: None,
        ):
            with attempt:
                return await call(*arguments)
        return None

    def _note_outage(self, state: RetryCallState) -> None:
        self._metrics.retries.labels("broker_unavailable").inc()
        log.warning(
            "broker_unavailable", reason=str(state.outcome and state.outcome.exception()),
            attempt=state.attempt_number, wait_s=round(state.upcoming_sleep, 2),
        )  # fmt: skip

    async def _sleep_unless_stopped(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _slot_in(self, slots: asyncio.Semaphore) -> bool:
        """Whether there was a free place before we were stopped."""
        taking = asyncio.create_task(slots.acquire())
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({taking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        return taking.done() or not taking.cancel()
