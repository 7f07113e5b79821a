"""What is known of files and batches, in SQLite or PostgreSQL. Every transaction is short.

Who runs a batch has its lease and changes nothing without it: each write of a runner asks in the same transaction
whether the batch is still its own. So no line is recorded twice, whoever was thought to be dead.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

from sqlalchemy import Select, delete, event, func, insert, select, text, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from serve.batches.messages import UNFINISHED, Batch, BatchRequest, FileObject, Status
from serve.batches.records import Answer
from serve.batches.tables import AnswerRow, Base, BatchRow, FileRow
from serve.errors import Conflict, InvalidRequest, NotFound, TooBusy, Unavailable
from serve.logs import log
from serve.settings import BatchesSettings

Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")

_BUSY_TIMEOUT_S = 30
_PAGE_LINES = 500
_SCHEMA_LOCK = 7_268_173
"""Any number that others do not lock."""


class LeaseLost(Exception):
    """Another runner has the batch now."""


def uninterrupted(
    method: Callable[Arguments, Coroutine[Any, Any, Value]],
) -> Callable[Arguments, Coroutine[Any, Any, Value]]:
    """A transaction comes to its end, also where nobody waits for it any more: cut off, it would hold its locks."""

    @wraps(method)
    async def call(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        work = asyncio.ensure_future(method(*args, **kwargs))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait({work})
            with suppress(asyncio.CancelledError):
                work.exception()  # looked at, so that asyncio does not complain that nobody did
            raise

    return call


class Store:
    """One database. Lives on one event loop. Callers see what is their own: everything else is not found.

    Raises:
        Unavailable: from every method, where the database does not answer.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)

    @classmethod
    async def open(cls, url: str) -> "Store":
        """Connect, and make the tables that are not there."""
        store = cls(_engine(url))
        await store._make_tables()
        return store

    async def close(self) -> None:
        await self._engine.dispose()

    # Files

    @uninterrupted
    async def add_file(self, owner: str, file: FileObject, *, max_files: int) -> None:
        """Raises `InvalidRequest` where the caller has as many as are kept."""
        async with self._transaction() as session:
            kept = await session.scalar(select(func.count()).where(FileRow.owner == owner))
            if kept and kept >= max_files:
                raise InvalidRequest(
                    f"You have {kept} files here and {max_files} are kept; delete some.",
                    param="file", code="too_many_files",
                )  # fmt: skip
            session.add(FileRow.of(owner, file))

    @uninterrupted
    async def file(self, owner: str, file_id: str, now: float) -> FileObject:
        async with self._transaction() as session:
            return (await _file(session, owner, file_id, now)).message

    @uninterrupted
    async def files(
        self,
        owner: str,
        now: float,
        *,
        after: str | None,
        limit: int,
        purpose: str | None,
        order: Literal["asc", "desc"],
    ) -> tuple[list[FileObject], bool]:
        """A page, and whether there is more."""
        query = select(FileRow).where(FileRow.owner == owner, FileRow.expires_at > now)
        if purpose is not None:
            query = query.where(FileRow.purpose == purpose)
        async with self._transaction() as session:
            rows = await _page(session, FileRow, query, owner, after=after, limit=limit, order=order)
        return [row.message for row in rows[:limit]], len(rows) > limit

    @uninterrupted
    async def delete_file(self, owner: str, file_id: str, now: float) -> None:
        """Raises `Conflict` where a batch still reads it."""
        async with self._transaction() as session:
            file = await _file(session, owner, file_id, now)
            reader = await session.scalar(
                select(BatchRow.id).where(BatchRow.input_file_id == file.id, BatchRow.status.in_(UNFINISHED)).limit(1)
            )
            if reader is not None:
                raise Conflict(f"{reader} reads this file; cancel it first, or wait until it is done.", param="file_id")
            await session.delete(file)

    # Batches

    @uninterrupted
    async def add_batch(
        self, owner: str, batch_id: str, request: BatchRequest, now: float, settings: BatchesSettings
    ) -> Batch:
        """Raises `InvalidRequest` where the input file is not there, `TooBusy` for more than a caller may have."""
        batch = BatchRow.of(owner, batch_id, request, int(now), settings)
        async with self._transaction() as session:
            file = await session.scalar(_files_of(owner, request.input_file_id, now))
            if file is None or file.purpose != "batch":
                raise InvalidRequest(
                    f"There is no file {request.input_file_id[:100]!r} with the purpose `batch`; send it to /v1/files.",
                    param="input_file_id", code="file_not_found",
                )  # fmt: skip
            unfinished = await session.scalar(
                select(func.count()).where(BatchRow.owner == owner, BatchRow.status.in_(UNFINISHED))
            )
            if unfinished and unfinished >= settings.max_unfinished:
                raise TooBusy(
                    f"You have {unfinished} unfinished batches, as many as there may be; wait for one, or cancel one.",
                    retry_after_s=60,
                )
            session.add(batch)
            await session.flush()
            return batch.message

    @uninterrupted
    async def batch(self, owner: str, batch_id: str) -> Batch:
        async with self._transaction() as session:
            return (await _batch(session, owner, batch_id)).message

    @uninterrupted
    async def batches(self, owner: str, *, after: str | None, limit: int) -> tuple[list[Batch], bool]:
        """A page, the newest first, and whether there is more."""
        query = select(BatchRow).where(BatchRow.owner == owner)
        async with self._transaction() as session:
            rows = await _page(session, BatchRow, query, owner, after=after, limit=limit, order="desc")
        return [row.message for row in rows[:limit]], len(rows) > limit

    @uninterrupted
    async def cancel(self, owner: str, batch_id: str, now: float) -> Batch:
        """Raises `Conflict` where it is too late."""
        cancellable = (Status.VALIDATING, Status.IN_PROGRESS)
        async with self._transaction() as session:
            await session.execute(
                update(BatchRow)
                .where(BatchRow.owner == owner, BatchRow.id == batch_id, BatchRow.status.in_(cancellable))
                .values(status=Status.CANCELLING, cancelling_at=int(now))
            )
            batch = await _batch(session, owner, batch_id)
            if batch.status not in (Status.CANCELLING, Status.CANCELLED):
                raise Conflict(f"The batch is {batch.status}: it cannot be cancelled any more.", param="batch_id")
            return batch.message

    # What a runner does

    @uninterrupted
    async def claim(self, holder: str, now: float, lease_s: float) -> str | None:
        """The id of the oldest unfinished batch that nobody runs, now held by `holder`."""
        free = (BatchRow.status.in_(UNFINISHED), BatchRow.held_until < now)
        oldest = select(BatchRow.id).where(*free).order_by(BatchRow.number).limit(1).scalar_subquery()
        async with self._transaction() as session:
            return await session.scalar(
                update(BatchRow)
                .where(BatchRow.id == oldest, *free)
                .values(holder=holder, held_until=now + lease_s)
                .returning(BatchRow.id)
                .execution_options(synchronize_session=False)
            )

    @uninterrupted
    async def renew(self, batch_id: str, holder: str, until: float) -> BatchRow:
        """Hold a batch until then; the batch as it is now.

        Raises:
            LeaseLost: another runner has it.
        """
        async with self._transaction() as session:
            return await _change(session, batch_id, holder, {"held_until": until})

    @uninterrupted
    async def release(self, batch_id: str, holder: str) -> None:
        """Whoever wants to run the batch may."""
        async with self._transaction() as session:
            await session.execute(
                update(BatchRow)
                .where(BatchRow.id == batch_id, BatchRow.holder == holder)
                .values(holder="", held_until=0.0)
            )

    @uninterrupted
    async def advance(self, batch_id: str, holder: str, since: Status, **values: Any) -> None:
        """Change a batch unless it has left the status `since`. Raises `LeaseLost`."""
        async with self._transaction() as session:
            batch = await _change(session, batch_id, holder)
            if batch.status == since:
                await _change(session, batch_id, holder, values)

    @uninterrupted
    async def answered_lines(self, batch: BatchRow) -> set[int]:
        async with self._transaction() as session:
            return set(await session.scalars(select(AnswerRow.line).where(AnswerRow.batch == batch.number)))

    @uninterrupted
    async def record(self, batch: BatchRow, holder: str, answers: Sequence[Answer]) -> None:
        """Keep answers, all or none. Raises `LeaseLost`."""
        async with self._transaction() as session:
            more = {
                "completed": BatchRow.completed + sum(answer.ok for answer in answers),
                "failed": BatchRow.failed + sum(not answer.ok for answer in answers),
                "input_tokens": BatchRow.input_tokens + sum(answer.input_tokens for answer in answers),
                "output_tokens": BatchRow.output_tokens + sum(answer.output_tokens for answer in answers),
            }
            await _change(session, batch.id, holder, more)
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
        async with self._transaction() as session:
            return (await session.scalars(query.order_by(AnswerRow.line).limit(_PAGE_LINES))).all()

    @uninterrupted
    async def finish(self, batch: BatchRow, holder: str, files: Iterable[FileObject], **values: Any) -> None:
        """The batch has come to its end, and has these files. Raises `LeaseLost`."""
        async with self._transaction() as session:
            await _change(session, batch.id, holder, {"holder": "", "held_until": 0.0, **values})
            session.add_all(FileRow.of(batch.owner, file) for file in files)
            await session.execute(delete(AnswerRow).where(AnswerRow.batch == batch.number))

    @uninterrupted
    async def sweep(self, now: float, kept_s: int) -> list[str]:
        """Forget files that have expired, and batches that are older than what is kept; the ids of the files."""
        unfinished = BatchRow.status.in_(UNFINISHED)
        in_use = select(BatchRow.input_file_id).where(unfinished)
        async with self._transaction() as session:
            gone = await session.scalars(
                delete(FileRow)
                .where(FileRow.expires_at <= now, FileRow.id.not_in(in_use))
                .returning(FileRow.id)
                .execution_options(synchronize_session=False)
            )
            file_ids = list(gone)
            await session.execute(delete(BatchRow).where(~unfinished, BatchRow.created_at <= now - kept_s))
        return file_ids

    @uninterrupted
    async def count_by_status(self) -> dict[str, int]:
        async with self._transaction() as session:
            rows = await session.execute(select(BatchRow.status, func.count()).group_by(BatchRow.status))
            return {row[0]: row[1] for row in rows}

    @uninterrupted
    async def _make_tables(self) -> None:
        async with self._transaction() as session:
            if self._engine.dialect.name == "postgresql":  # replicas that start together
                await session.execute(text(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})"))
            for table in Base.metadata.sorted_tables:
                await session.execute(CreateTable(table, if_not_exists=True))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    await session.execute(CreateIndex(index, if_not_exists=True))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        try:
            async with self._sessions.begin() as session:
                yield session
        except (OperationalError, InterfaceError, PoolTimeoutError, OSError) as error:
            log.error("batches_database_failed", error=type(error).__name__)  # its message may hold the password
            raise Unavailable("The database of batches does not answer; retry.", retry_after_s=5) from None


def sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def _engine(url: str) -> AsyncEngine:
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_pre_ping=True)
    engine = create_async_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S})

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")  # readers and the one writer do not wait for each other
        cursor.execute("PRAGMA synchronous=NORMAL")  # in this mode enough for a process that is killed
        cursor.close()

    return engine


def _files_of(owner: str, file_id: str, now: float) -> Select[FileRow]:
    return select(FileRow).where(FileRow.owner == owner, FileRow.id == file_id, FileRow.expires_at > now)


async def _file(session: AsyncSession, owner: str, file_id: str, now: float) -> FileRow:
    file = await session.scalar(_files_of(owner, file_id, now))
    if file is None:
        raise NotFound(f"There is no file {file_id[:100]!r}; /v1/files lists yours.", param="file_id")
    return file


async def _batch(session: AsyncSession, owner: str, batch_id: str) -> BatchRow:
    batch = await session.scalar(select(BatchRow).where(BatchRow.owner == owner, BatchRow.id == batch_id))
    if batch is None:
        raise NotFound(f"There is no batch {batch_id[:100]!r}; /v1/batches lists yours.", param="batch_id")
    return batch


async def _page(
    session: AsyncSession, kind: Any, query: Select[Any], owner: str, *, after: str | None, limit: int, order: str
) -> Sequence[Any]:
    """One row more than asked for, where there is one."""
    if after is not None:
        number = await session.scalar(select(kind.number).where(kind.owner == owner, kind.id == after))
        if number is None:
            raise InvalidRequest(f"`after` is {after[:100]!r}, which is not in the list.", param="after")
        query = query.where(kind.number > number if order == "asc" else kind.number < number)
    ordered = query.order_by(kind.number if order == "asc" else kind.number.desc())
    return (await session.scalars(ordered.limit(limit + 1))).all()


async def _change(session: AsyncSession, batch_id: str, holder: str, values: dict[str, Any] | None = None) -> BatchRow:
    """Change a batch that is still the holder's; as it is then.

    It is the first statement of its transaction, so that SQLite takes the lock of the writer at once.
    """
    changed = await session.scalar(
        update(BatchRow)
        .where(BatchRow.id == batch_id, BatchRow.holder == holder)
        .values(values or {"holder": holder})
        .returning(BatchRow)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if changed is None:
        raise LeaseLost(batch_id)
    return changed
