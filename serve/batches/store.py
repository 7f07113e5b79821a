"""What callers ask of files and batches, each of their own (everything else is not found), and how many there are."""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from serve.batches.database import Database, uninterrupted
from serve.batches.messages import UNFINISHED, Batch, BatchRequest, FileObject, Status
from serve.batches.tables import BatchRow, FileRow
from serve.errors import Conflict, InvalidRequest, NotFound, TooBusy
from serve.settings import BatchesSettings


class Store:
    """Raises `Unavailable` from every method, where the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Files

    @uninterrupted
    async def add_file(self, owner: str, file: FileObject, *, max_files: int) -> None:
        """Raises `InvalidRequest` where the caller has as many as are kept."""
        async with self._database.transaction() as session:
            kept = await session.scalar(select(func.count()).where(FileRow.owner == owner))
            if kept and kept >= max_files:
                raise InvalidRequest(
                    f"You have {kept} files here and {max_files} are kept; delete some.",
                    param="file", code="too_many_files",
                )  # fmt: skip
            session.add(FileRow.of(owner, file))

    @uninterrupted
    async def file(self, owner: str, file_id: str, now: float) -> FileObject:
        async with self._database.transaction() as session:
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
        async with self._database.transaction() as session:
            rows = await _page(session, FileRow, query, owner, after=after, limit=limit, order=order)
        return [row.message for row in rows[:limit]], len(rows) > limit

    @uninterrupted
    async def delete_file(self, owner: str, file_id: str, now: float) -> None:
        """Raises `Conflict` where a batch still reads it."""
        async with self._database.transaction() as session:
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
        self,
        owner: str,
        batch_id: str,
        request: BatchRequest,
        now: float,
        settings: BatchesSettings,
        *,
        key_id: str | None = None,
    ) -> Batch:
        """Raises `InvalidRequest` where the input file is not there, `TooBusy` for more than a caller may have."""
        batch = BatchRow.of(owner, batch_id, request, int(now), settings, key_id=key_id)
        async with self._database.transaction() as session:
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
        async with self._database.transaction() as session:
            return (await _batch(session, owner, batch_id)).message

    @uninterrupted
    async def batches(self, owner: str, *, after: str | None, limit: int) -> tuple[list[Batch], bool]:
        """A page, the newest first, and whether there is more."""
        query = select(BatchRow).where(BatchRow.owner == owner)
        async with self._database.transaction() as session:
            rows = await _page(session, BatchRow, query, owner, after=after, limit=limit, order="desc")
        return [row.message for row in rows[:limit]], len(rows) > limit

    @uninterrupted
    async def cancel(self, owner: str, batch_id: str, now: float) -> Batch:
        """Raises `Conflict` where it is too late."""
        cancellable = (Status.VALIDATING, Status.IN_PROGRESS)
        async with self._database.transaction() as session:
            await session.execute(
                update(BatchRow)
                .where(BatchRow.owner == owner, BatchRow.id == batch_id, BatchRow.status.in_(cancellable))
                .values(status=Status.CANCELLING, cancelling_at=int(now))
            )
            batch = await _batch(session, owner, batch_id)
            if batch.status not in (Status.CANCELLING, Status.CANCELLED):
                raise Conflict(f"The batch is {batch.status}: it cannot be cancelled any more.", param="batch_id")
            return batch.message

    # Of all owners

    @uninterrupted
    async def sweep(self, now: float, kept_s: int) -> list[str]:
        """Forget files that have expired, and batches that are older than what is kept; the ids of the files."""
        unfinished = BatchRow.status.in_(UNFINISHED)
        in_use = select(BatchRow.input_file_id).where(unfinished)
        async with self._database.transaction() as session:
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
        async with self._database.transaction() as session:
            rows = await session.execute(select(BatchRow.status, func.count()).group_by(BatchRow.status))
            return {row[0]: row[1] for row in rows}


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
