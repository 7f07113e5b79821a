"""What the routes of the Batch API call, and what lives beside them: the runner.

Nothing is made on disk, and SQLAlchemy is not imported, before the first file is sent.
"""

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from serve.ask import Pay
from serve.batches.bell import Bell, heard
from serve.batches.folder import Folder
from serve.batches.messages import Batch, BatchRequest, FileObject
from serve.errors import BodyTooLarge, InvalidRequest, NotFound, Unavailable
from serve.logs import log
from serve.service import Service
from serve.settings import Settings

if TYPE_CHECKING:
    from serve.batches.database import Database
    from serve.batches.store import Store

_MAX_FILENAME_CHARS = 255


def state_directory(settings: Settings) -> Path:
    """Where a service keeps what has to outlive it."""
    if settings.batches.state_dir:
        return Path(settings.batches.state_dir).expanduser()
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "pubserve" / str(settings.http.port)


class Batches:
    """Files and batches of one service, of which each owner sees their own. Lives on one event loop.

    Raises:
        Unavailable: from every method, where the database or the disk does not answer, or the service shuts down.
    """

    def __init__(
        self, service: Service, pay_of: Callable[[str], Pay] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """`pay_of` gives what counts the tokens of an API key; None where there are no keys."""
        self._service = service
        self._pay_of = pay_of
        self._settings = service.settings.batches
        self._directory = state_directory(service.settings)
        self._sqlite_file = self._directory / "batches.db"
        self._folder = Folder(self._directory / "files")
        self._clock = clock
        self._bell = Bell()
        self._opening = asyncio.Lock()
        self._opened: Database | None = None

    # Files

    async def save(self, owner: str, filename: str, content: BinaryIO, size: int, kept_s: int | None) -> FileObject:
        """Keep a file of requests.

        Raises:
            InvalidRequest: it is empty, or one more than may be kept.
            BodyTooLarge: it is too large.
        """
        self._require_not_draining()
        if not size:
            raise InvalidRequest("The file is empty; write one request a line.", param="file", code="empty_file")
        if size > self._settings.max_file_bytes:
            raise BodyTooLarge(
                f"The file is over {self._settings.max_file_bytes} bytes; split it over several batches.", param="file"
            )
        store = await self._store()
        file = FileObject(
            id=f"file-{uuid.uuid4().hex}",
            bytes=size,
            created_at=self._now,
            expires_at=self._now + (kept_s or self._settings.kept_s),
            filename=_printable(filename),
            purpose="batch",
        )
        try:
            await self._folder.save(file.id, content)
        except OSError as error:
            raise self._no_place(error) from None
        try:
            await store.add_file(owner, file, max_files=self._settings.max_files)
        except BaseException:
            await self._folder.delete([file.id])
            raise
        return file

    async def file(self, owner: str, file_id: str) -> FileObject:
        """Raises `NotFound`."""
        return await (await self._store()).file(owner, file_id, self._clock())

    async def files(
        self, owner: str, *, after: str | None, limit: int, purpose: str | None, order: Literal["asc", "desc"]
    ) -> tuple[list[FileObject], bool]:
        """A page, and whether there is more. Raises `InvalidRequest` for an unknown `after`."""
        store = await self._store()
        return await store.files(owner, self._clock(), after=after, limit=limit, purpose=purpose, order=order)

    async def content(self, owner: str, file_id: str) -> tuple[FileObject, AsyncIterator[bytes]]:
        """Raises `NotFound`."""
        file = await self.file(owner, file_id)
        if not await asyncio.to_thread(self._folder.path(file.id).is_file):
            raise NotFound(f"The content of {file.id} is gone.", param="file_id")
        return file, self._folder.read(file.id)

    async def delete(self, owner: str, file_id: str) -> None:
        """Raises `NotFound`, or `Conflict` where a batch still reads the file."""
        await (await self._store()).delete_file(owner, file_id, self._clock())
        await self._folder.delete([file_id])

    # Batches

    async def create(self, owner: str, request: BatchRequest, *, key_id: str | None = None) -> Batch:
        """Have the lines of a file answered, on the quota of the key that sent it.

        Raises:
            InvalidRequest: there is no such file.
            TooBusy: the caller has as many unfinished batches as there may be.
        """
        self._require_not_draining()
        store = await self._store()
        batch_id = f"batch_{uuid.uuid4().hex}"
        batch = await store.add_batch(owner, batch_id, request, self._clock(), self._settings, key_id=key_id)
        self._bell.ring()
        return batch

    async def batch(self, owner: str, batch_id: str) -> Batch:
        """Raises `NotFound`."""
        return await (await self._store()).batch(owner, batch_id)

    async def batches(self, owner: str, *, after: str | None, limit: int) -> tuple[list[Batch], bool]:
        """A page, the newest first, and whether there is more. Raises `InvalidRequest` for an unknown `after`."""
        return await (await self._store()).batches(owner, after=after, limit=limit)

    async def cancel(self, owner: str, batch_id: str) -> Batch:
        """Raises `NotFound`, or `Conflict` where it is too late."""
        batch = await (await self._store()).cancel(owner, batch_id, self._clock())
        self._bell.ring()
        return batch

    # The runner

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run batches for the length of the block, or until the service drains."""
        runner = asyncio.create_task(self._run_until_drained())
        try:
            yield
        finally:
            runner.cancel()
            with suppress(asyncio.CancelledError):
                await runner
            if self._opened:
                await self._opened.close()
                self._opened = None

    async def _run_until_drained(self) -> None:
        run = asyncio.create_task(self._run())
        try:
            await self._service.drained.wait()
        finally:
            run.cancel()
            await asyncio.wait({run})

    async def _run(self) -> None:
        database = await self._database_in_time()
        from serve.batches.housekeeping import Housekeeping
        from serve.batches.runner import Runner

        shared = (self._folder, self._bell, self._clock)
        async with asyncio.TaskGroup() as group:
            group.create_task(Housekeeping(self._service, await self._store(), *shared).run())
            for _ in range(self._settings.running):
                group.create_task(Runner(self._service, database, *shared, self._pay_of).run())

    async def _database_in_time(self) -> "Database":
        """Once there is one: what an earlier process left, or what the first file makes."""
        while not self._opened:
            change = self._bell.next_ring()
            if self._settings.database_url is not None or await asyncio.to_thread(self._sqlite_file.is_file):
                with suppress(Unavailable):
                    return await self._database()
            await heard(change, self._settings.lease_s)
        return self._opened

    async def _store(self) -> "Store":
        database = await self._database()
        from serve.batches.store import Store

        return Store(database)

    async def _database(self) -> "Database":
        async with self._opening:
            if self._opened is None:
                try:
                    await asyncio.to_thread(lambda: self._directory.mkdir(parents=True, exist_ok=True))
                except OSError as error:
                    raise self._no_place(error) from None
                await asyncio.to_thread(import_module, "serve.batches.runner")  # and with it SQLAlchemy
                from serve.batches.database import Database, sqlite_url

                url = self._settings.database_url or sqlite_url(self._sqlite_file)
                self._opened = await Database.open(url)
                self._bell.ring()
            return self._opened

    def _require_not_draining(self) -> None:
        if self._service.drained.is_set():
            raise Unavailable("The service is shutting down; retry with another replica.", retry_after_s=5)

    def _no_place(self, error: OSError) -> Unavailable:
        log.error("batches_disk_failed", directory=str(self._directory), error=error.strerror)
        return Unavailable(
            "This service has no place for files; whoever runs it finds the reason in its log.", retry_after_s=60
        )

    @property
    def _now(self) -> int:
        return int(self._clock())


def _printable(filename: str) -> str:
    """A name to show; nothing is ever looked for by it."""
    return "".join(char if char.isprintable() else "?" for char in filename)[:_MAX_FILENAME_CHARS] or "requests.jsonl"
