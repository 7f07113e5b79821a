"""The bytes of files, in one directory. A file is there as a whole or not at all."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import BinaryIO

_CHUNK_BYTES = 256 * 1024


class Folder:
    """Replicas that share a database share this directory, too. Disk is never waited for on the event loop."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, file_id: str) -> Path:
        return self._directory / file_id

    async def save(self, file_id: str, content: BinaryIO) -> int:
        """Keep what is read from `content`; its size in bytes."""
        return await asyncio.to_thread(self._save, file_id, iter(lambda: content.read(_CHUNK_BYTES), b""))

    async def save_parts(self, file_id: str, parts: AsyncIterator[bytes]) -> int:
        """Keep what is made part by part; its size in bytes."""
        unfinished = await asyncio.to_thread(self._begin, file_id)
        with unfinished.open("wb") as target:
            async for part in parts:
                await asyncio.to_thread(target.write, part)
        return await asyncio.to_thread(self._end, file_id)

    async def read(self, file_id: str) -> AsyncIterator[bytes]:
        """Raises `FileNotFoundError`."""
        file = await asyncio.to_thread(self.path(file_id).open, "rb")
        try:
            while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                yield chunk
        finally:
            file.close()

    async def delete(self, file_ids: Iterable[str]) -> None:
        """What is not there is deleted already."""
        for file_id in file_ids:
            await asyncio.to_thread(self.path(file_id).unlink, missing_ok=True)

    def _save(self, file_id: str, chunks: Iterable[bytes]) -> int:
        unfinished = self._begin(file_id)
        try:
            with unfinished.open("wb") as target:
                target.writelines(chunks)
        except OSError:
            unfinished.unlink(missing_ok=True)  # on a full disk, make room for the others
            raise
        return self._end(file_id)

    def _begin(self, file_id: str) -> Path:
        self._directory.mkdir(parents=True, exist_ok=True)
        return self._unfinished(file_id)

    def _end(self, file_id: str) -> int:
        unfinished = self._unfinished(file_id)
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        return unfinished.replace(self.path(file_id)).stat().st_size

    def _unfinished(self, file_id: str) -> Path:
        return self.path(f"{file_id}.part")
