"""The database of the Batch API: SQLite or PostgreSQL. Every transaction is short, and comes to its end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Table, event, inspect, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from serve.batches.tables import Base
from serve.errors import Unavailable
from serve.logs import log

Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")

_BUSY_TIMEOUT_S = 30
_SCHEMA_LOCK = 7_268_173
"""Any number that others do not lock."""


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


class Database:
    """Lives on one event loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)

    @classmethod
    async def open(cls, url: str) -> "Database":
        """Connect, and make the tables that are not there. Raises `Unavailable`."""
        database = cls(_engine(url))
        try:
            await database._make_tables()
        except Exception as error:  # not there, another password, another program's: no driver has one class for these
            await database.close()
            raise error if isinstance(error, Unavailable) else _unavailable(error) from None
        return database

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """For methods that are `uninterrupted`. Raises `Unavailable` where the database does not answer."""
        try:
            async with self._sessions.begin() as session:
                yield session
        except (OperationalError, InterfaceError, PoolTimeoutError, OSError) as error:
            raise _unavailable(error) from None

    @uninterrupted
    async def _make_tables(self) -> None:
        async with self.transaction() as session:
            if self._engine.dialect.name == "postgresql":  # replicas that start together
                await session.execute(text(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})"))
            for table in Base.metadata.sorted_tables:
                await session.execute(CreateTable(table, if_not_exists=True))
                await session.run_sync(_add_missing_columns, table)
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    await session.execute(CreateIndex(index, if_not_exists=True))


def _add_missing_columns(session: Session, table: Table) -> None:
    """Columns that are younger than the table that was found; they may be null."""
    connection = session.connection()
    found = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in found:
            added = CreateColumn(column).compile(connection)
            session.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {added}"))


def _unavailable(error: Exception) -> Unavailable:
    log.error("batches_database_failed", error=type(error).__name__)  # its message may hold the password
    return Unavailable("The database of batches does not answer; retry.", retry_after_s=5)


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
