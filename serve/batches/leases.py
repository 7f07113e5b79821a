"""What a runner does with batches: take one, record what becomes of it, and end it.

Who runs a batch has its lease and changes nothing without it: each write asks in the same transaction whether the batch
is still its own. So no line is recorded twice, whoever was thought to be dead. Leases go by the clocks of the
replicas, which have to agree to a few seconds.
"""

import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from serve.batches.database import Database, uninterrupted
from serve.batches.messages import UNFINISHED, FileObject, Status
from serve.batches.records import Answer
from serve.batches.tables import AnswerRow, BatchRow, FileRow

_PAGE_LINES = 500


class LeaseLost(Exception):
    """Another runner has the batch now."""


class Leases:
    """What one holder has, who runs one batch at a time.

    Raises:
        Unavailable: from every method, where the database does not answer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder = uuid.uuid4().hex

    @uninterrupted
    async def claim(self, now: float, lease_s: float) -> str | None:
        """The id of the oldest unfinished batch that nobody runs, now held."""
        free = (BatchRow.status.in_(UNFINISHED), BatchRow.held_until < now)
        oldest = select(BatchRow.id).where(*free).order_by(BatchRow.number).limit(1).scalar_subquery()
        async with self._database.transaction() as session:
            return await session.scalar(
                update(BatchRow)
                .where(BatchRow.id == oldest, *free)
                .values(holder=self._holder, held_until=now + lease_s)
                .returning(BatchRow.id)
                .execution_options(synchronize_session=False)
            )

    @uninterrupted
    async def renew(self, batch_id: str, until: float) -> BatchRow:
        """Hold a batch until then; the batch as it is now.

        Raises:
            LeaseLost: another runner has it.
        """
        async with self._database.transaction() as session:
            return await self._change(session, batch_id, {"held_until": until})

    @uninterrupted
    async def release(self, batch_id: str) -> None:
        """Whoever wants to run the batch may."""
        async with self._database.transaction() as session:
            await session.execute(
                update(BatchRow)
                .where(BatchRow.id == batch_id, BatchRow.holder == self._holder)
                .values(holder="", held_until=0.0)
            )

    @uninterrupted
    async def advance(self, batch_id: str, since: Status, **values: Any) -> None:
        """Change a batch unless it has left the status `since`. Raises `LeaseLost`."""
        async with self._database.transaction() as session:
            batch = await self._change(session, batch_id)
            if batch.status == since:
                await self._change(session, batch_id, values)

    @uninterrupted
    async def answered_lines(self, batch: BatchRow) -> set[int]:
        async with self._database.transaction() as session:
            return set(await session.scalars(select(AnswerRow.line).where(AnswerRow.batch == batch.number)))

    @uninterrupted
    async def record(self, batch: BatchRow, answers: Sequence[Answer]) -> None:
        """Keep answers, all or none. Raises `LeaseLost`."""
        async with self._database.transaction() as session:
            more = {
                "completed": BatchRow.completed + sum(answer.ok for answer in answers),
                "failed": BatchRow.failed + sum(not answer.ok for answer in answers),
                "input_tokens": BatchRow.input_tokens + sum(answer.input_tokens for answer in answers),
                "output_tokens": BatchRow.output_tokens + sum(answer.output_tokens for answer in answers),
            }
            await self._change(session, batch.id, more)
            rows = [
                {"batch": batch.number, "line": answer.line, "ok": answer.ok, "record": answer.record}
                for answer in answers
            ]
            await session.execute(insert(AnswerRow), rows)

    async def records(self, batch: BatchRow, *, ok: bool) -> AsyncIterator[list[str]]:
        """The records of answers or of errors, in the order of the lines, some at a time."""
        last = 0
        while page := await self._records_after(batch, last, ok):
            last = page[-1].line
            yield [row.record for row in page]

    @uninterrupted
    async def _records_after(self, batch: BatchRow, last: int, ok: bool) -> Sequence[AnswerRow]:
        query = select(AnswerRow).where(AnswerRow.batch == batch.number, AnswerRow.ok == ok, AnswerRow.line > last)
        async with self._database.transaction() as session:
            return (await session.scalars(query.order_by(AnswerRow.line).limit(_PAGE_LINES))).all()

    @uninterrupted
    async def finish(self, batch: BatchRow, files: Iterable[FileObject], **values: Any) -> None:
        """The batch has come to its end, and has these files. Raises `LeaseLost`."""
        async with self._database.transaction() as session:
            await self._change(session, batch.id, {"holder": "", "held_until": 0.0, **values})
            session.add_all(FileRow.of(batch.owner, file) for file in files)
            await session.execute(delete(AnswerRow).where(AnswerRow.batch == batch.number))

    async def _change(self, session: AsyncSession, batch_id: str, values: dict[str, Any] | None = None) -> BatchRow:
        """Change a batch that is still ours; as it is then.

        It is the first statement of its transaction, so that SQLite takes the lock of the writer at once.
        """
        changed = await session.scalar(
            update(BatchRow)
            .where(BatchRow.id == batch_id, BatchRow.holder == self._holder)
            .values(values or {"holder": self._holder})
            .returning(BatchRow)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
        if changed is None:
            raise LeaseLost(batch_id)
        return changed
