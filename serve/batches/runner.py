"""Runs batches, one step after the other; each step can be done again, by this process or by another.

A batch is run by whoever holds its lease. A runner that dies loses it after a while, and another goes on with the lines
that are not recorded as answered.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress

from serve.ask import Pay, free
from serve.batches.answering import Answering
from serve.batches.bell import Bell, heard
from serve.batches.database import Database
from serve.batches.folder import Folder
from serve.batches.leases import LeaseLost, Leases
from serve.batches.lines import InputFile, Line
from serve.batches.messages import UNFINISHED, BatchError, BatchErrors, FileObject, Status
from serve.batches.recorder import Recorder
from serve.batches.records import Answer, not_run
from serve.batches.tables import BatchRow
from serve.errors import Unavailable
from serve.logs import log
from serve.service import Service

_GROUPS_IN_FLIGHT = 2
"""While the last papers of one group are read, the next is there."""
_NOT_RUN = {
    Status.EXPIRED: ("batch_expired", "The completion window was over before this line was answered."),
    Status.CANCELLED: ("batch_cancelled", "The batch was cancelled before this line was answered."),
}
_INPUT_GONE = BatchErrors(data=[BatchError(code="file_not_found", message="The input file is gone; send it again.")])


class Runner:
    """Runs batches one after the other, each to its end. Lives on one event loop."""

    def __init__(
        self,
        service: Service,
        database: Database,
        folder: Folder,
        bell: Bell,
        clock: Callable[[], float],
        pay_of: Callable[[str], Pay] | None,
    ) -> None:
        self._service = service
        self._settings = service.settings.batches
        self._leases = Leases(database)
        self._folder = folder
        self._bell = bell
        self._clock = clock
        self._pay_of = pay_of

    async def run(self) -> None:
        """Until cancelled; what is held then is given back."""
        while True:
            change = self._bell.next_ring()
            try:
                if batch_id := await self._leases.claim(self._clock(), self._settings.lease_s):
                    await self._run_one(batch_id)
                    self._bell.ring()
                else:
                    await heard(change, self._settings.lease_s / 3)
            except LeaseLost:
                log.warning("batch_lease_lost")
            except Unavailable:
                await asyncio.sleep(self._settings.lease_s / 3)
            except Exception:
                # Whoever claims the batch when its lease is over tries again.
                log.exception("batch_step_failed")

    async def _run_one(self, batch_id: str) -> None:
        try:
            ended = False
            while not ended:
                batch = await self._leases.renew(batch_id, self._clock() + self._settings.lease_s)
                log.info("batch", batch=batch.id, status=batch.status, lines=batch.total)
                ended = batch.status not in UNFINISHED or await self._watched(batch)
        except asyncio.CancelledError:
            with suppress(Unavailable):
                await self._leases.release(batch_id)
            raise

    async def _watched(self, batch: BatchRow) -> bool:
        """One step, for as long as the batch is ours and not cancelled; whether it was the last."""
        step = asyncio.create_task(self._step(batch))
        watch = asyncio.create_task(self._watch(batch, step))
        try:
            await asyncio.wait({step})
        finally:
            step.cancel()
            watch.cancel()
            await asyncio.wait({step, watch})
        return not step.cancelled() and step.result()

    async def _watch(self, batch: BatchRow, step: asyncio.Task[bool]) -> None:
        """Keep the lease; stop the step if it is lost or the batch is cancelled."""
        change = self._bell.next_ring()
        while True:
            await heard(change, self._settings.lease_s / 3)
            change = self._bell.next_ring()
            try:
                now = await self._leases.renew(batch.id, self._clock() + self._settings.lease_s)
            except LeaseLost:
                step.cancel()
                return
            except Unavailable:
                continue  # if the others can reach the database, they take the batch, and nothing of ours is written
            if now.status == Status.CANCELLING != batch.status:
                step.cancel()
                return

    async def _step(self, batch: BatchRow) -> bool:
        try:
            if batch.status in (Status.VALIDATING, Status.IN_PROGRESS) and self._clock() >= batch.expires_at:
                return await self._end(batch, Status.EXPIRED)
            match batch.status:
                case Status.VALIDATING:
                    return await self._validate(batch)
                case Status.IN_PROGRESS:
                    return await self._answer(batch)
                case Status.FINALIZING:
                    return await self._end(batch, Status.COMPLETED)
                case _:
                    return await self._end(batch, Status.CANCELLED)
        except FileNotFoundError:
            return await self._fail(batch, _INPUT_GONE)

    async def _validate(self, batch: BatchRow) -> bool:
        checked = await asyncio.to_thread(self._input(batch).check, self._settings.max_lines)
        if checked.errors:
            return await self._fail(batch, BatchErrors(data=checked.errors))
        await self._leases.advance(
            batch.id, Status.VALIDATING,
            status=Status.IN_PROGRESS, in_progress_at=self._now, total=checked.total, model=checked.model,
        )  # fmt: skip
        return False

    async def _fail(self, batch: BatchRow, errors: BatchErrors) -> bool:
        said = errors.model_dump(mode="json")
        await self._leases.finish(batch, [], status=Status.FAILED, failed_at=self._now, errors=said)
        return True

    async def _answer(self, batch: BatchRow) -> bool:
        done = await self._leases.answered_lines(batch)
        groups = self._input(batch).groups(done, self._settings.group_bytes)
        with suppress(TimeoutError):
            async with asyncio.timeout(batch.expires_at - self._clock()):
                await self._answer_all(batch, groups)
                await self._leases.advance(
                    batch.id, Status.IN_PROGRESS, status=Status.FINALIZING, finalizing_at=self._now
                )
        return False

    async def _answer_all(self, batch: BatchRow, groups: Iterator[list[Line]]) -> None:
        async def record(answers: Sequence[Answer]) -> None:
            await self._leases.record(batch, answers)
            for answer in answers:
                self._service.metrics.batch_lines.labels("ok" if answer.ok else "failed").inc()

        pay = self._pay_of(batch.key_id) if self._pay_of and batch.key_id else free
        answering = Answering(self._service, batch_id=batch.id, endpoint=batch.endpoint, caller=batch.owner, pay=pay)
        recorder = Recorder(record)
        reading = asyncio.Lock()

        async def answer_groups() -> None:
            while True:
                async with reading:
                    lines = await asyncio.to_thread(next, groups, None)
                if lines is None:
                    return
                await answering.answer(lines, recorder.add)

        try:
            async with asyncio.TaskGroup() as recording:
                recording.create_task(recorder.run())
                async with asyncio.TaskGroup() as work:
                    for _ in range(_GROUPS_IN_FLIGHT):
                        work.create_task(answer_groups())
                recorder.close()
        except ExceptionGroup as errors:
            raise _first_of(errors) from None

    async def _end(self, batch: BatchRow, status: Status) -> bool:
        """Make the files of what there is. Done again, it makes the same files."""
        unanswered = 0 if status is Status.COMPLETED else batch.total - batch.completed - batch.failed
        files: dict[str, FileObject] = {}
        if batch.completed:
            answers = self._leases.records(batch, ok=True)
            files["output_file_id"] = await self._make_file(batch, "output", answers)
        if batch.failed or unanswered:
            files["error_file_id"] = await self._make_file(batch, "errors", self._errors(batch, status))
        await self._leases.finish(
            batch, files.values(),
            status=status,
            **{f"{status}_at": self._now},
            **{name: file.id for name, file in files.items()},
        )  # fmt: skip
        log.info("batch", batch=batch.id, status=status, completed=batch.completed, failed=batch.failed)
        return True

    async def _make_file(self, batch: BatchRow, kind: str, records: AsyncIterator[list[str]]) -> FileObject:
        file_id = f"file-{batch.id.removeprefix('batch_')}-{kind}"
        parts = ("".join(f"{record}\n" for record in some).encode("ascii") async for some in records)
        return FileObject(
            id=file_id,
            bytes=await self._folder.save_parts(file_id, parts),
            created_at=self._now,
            expires_at=self._now + batch.output_kept_s,
            filename=f"{batch.id}_{kind}.jsonl",
            purpose="batch_output",
        )

    async def _errors(self, batch: BatchRow, status: Status) -> AsyncIterator[list[str]]:
        async for records in self._leases.records(batch, ok=False):
            yield records
        if status in _NOT_RUN:
            done = await self._leases.answered_lines(batch)
            groups = self._input(batch).groups(done, self._settings.group_bytes)
            while lines := await asyncio.to_thread(next, groups, None):
                yield [not_run(batch.id, line, *_NOT_RUN[status]) for line in lines]

    def _input(self, batch: BatchRow) -> InputFile:
        max_line_bytes = self._service.settings.http.max_body_bytes
        return InputFile(self._folder.path(batch.input_file_id), batch.endpoint, max_line_bytes)

    @property
    def _now(self) -> int:
        return int(self._clock())


def _first_of(error: BaseException) -> BaseException:
    """Of what went wrong at once: one is as good as another."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
