"""Questions put to the service until each is settled: what is the paper's fault, and what is the service's.

A service that is away, refuses or lets nobody in is waited for, however long that takes: nothing is wrong with the
papers. A paper at which a service that is well fails again and again is given up.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from pubserve import APIStatusError, AsyncClient, Batching, InvalidArgument, PubserveError
from pubserve.contract import ErrorBody, Failure, Result
from serve.logs import log
from streams.messages import CHARS_PER_TOKEN, DeadLetter, Question, Reason, Settled
from streams.metrics import WorkerMetrics
from streams.settings import WorkerSettings

_REFUSALS = frozenset({"invalid_request_error", InvalidArgument.__name__})
_OUTAGES = frozenset({"service_unavailable_error", "rate_limit_error"})


class ServiceAway(Exception):
    """The service answered, paper by paper, that it cannot read now."""


class Reading:
    """Asks about a batch. Single-threaded; any number of batches at once."""

    def __init__(self, client: AsyncClient, settings: WorkerSettings, metrics: WorkerMetrics) -> None:
        self._client = client
        self._settings = settings
        self._metrics = metrics
        self._batching = Batching(
            max_papers=settings.batch_papers,
            max_chars=settings.batch_tokens * CHARS_PER_TOKEN,
            concurrency=1,
            patience_s=0,  # an outage is ours to wait out, and to count
        )

    async def settle(self, questions: Sequence[Question]) -> AsyncGenerator[list[Settled], None]:
        """What became of questions that ask for the same tasks, as it is known."""
        left, attempt = list(questions), 0
        while left:
            attempt += 1
            settled, failed = await self._attempt(left)
            if failed and attempt >= self._settings.max_attempts and await self._service_is_well():
                settled += [DeadLetter(question.delivery, Reason.FAILED, _said(error)) for question, error in failed]
                failed = []
            yield settled
            left = [question for question, _ in failed]
            if left:
                wait_s = self._settings.retries.wait_s(attempt, None)
                self._metrics.retries.labels("paper_failed").inc()
                log.warning("paper_failed", papers=len(left), attempt=attempt, wait_s=round(wait_s, 2))
                await asyncio.sleep(wait_s)

    async def _attempt(self, questions: Sequence[Question]) -> tuple[list[Settled], list[tuple[Question, ErrorBody]]]:
        """What is settled, and what the service failed at; returns when the service is there."""
        settled: list[Settled] = []
        failed: list[tuple[Question, ErrorBody]] = []
        for question, result in zip(questions, await self._ask(questions), strict=True):
            if not isinstance(result, Failure):
                settled.append(question.answered(result))
            elif result.error.type in _REFUSALS:
                settled.append(DeadLetter(question.delivery, Reason.REFUSED, _said(result.error)))
            else:
                failed.append((question, result.error))
        return settled, failed

    async def _ask(self, questions: Sequence[Question]) -> list[Result]:
        """One result a question, in their order."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_is_outage), wait=self._wait_s, before_sleep=self._note_outage
        ):
            with attempt:
                papers = [question.paper for question in questions]
                async with aclosing(
                    self._client.analyze_many(papers, questions[0].tasks, batching=self._batching)
                ) as results:
                    answered = [result async for result in results]
                if all(isinstance(result, Failure) and result.error.type in _OUTAGES for result in answered):
                    raise ServiceAway
        return answered

    def _wait_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked_s = error.retry_after_s if isinstance(error, APIStatusError) else None
        return self._settings.retries.wait_s(state.attempt_number, asked_s)

    def _note_outage(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._metrics.retries.labels("service_unavailable").inc()
        log.warning(
            "service_unavailable", reason=type(error).__name__, status=getattr(error, "status_code", None),
            attempt=state.attempt_number, wait_s=round(state.upcoming_sleep, 2),
        )  # fmt: skip

    async def _service_is_well(self) -> bool:
        try:
            return await self._client.ready()
        except PubserveError:
            return False


def _is_outage(error: BaseException) -> bool:
    # What cannot be sent was never sent: trying again would not end.
    return isinstance(error, PubserveError | ServiceAway) and not isinstance(error, InvalidArgument)


def _said(error: ErrorBody) -> str:
    return f"{error.code or error.type}: {error.message}"
