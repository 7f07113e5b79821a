"""Files on a disk or in object storage, by URL: listed, read as streams, and written whole or not at all."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Literal, cast
from uuid import uuid4

import fsspec  # type: ignore[import-untyped]
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from bulk.errors import BulkError

_VERSION_KEYS = ("ETag", "etag", "md5Hash", "content_md5", "mtime", "LastModified", "last_modified", "created")
"""What file systems call what changes with a file's content, the best first."""


@dataclass(frozen=True)
class Location:
    """A file or a folder: a path of this machine, or a URL such as `s3://bucket/corpus`. Travels between processes."""

    url: str

    @classmethod
    def given(cls, text: str) -> "Location":
        """What a person wrote. A path counts from here, wherever the work is done."""
        return cls(text.rstrip("/") if "://" in text else os.path.abspath(text))

    @cached_property
    def _found(self) -> tuple[Any, str]:
        try:
            # Without a cache of listings: other processes of a job write where this one has looked.
            file_system, path = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise BulkError(f"{self.url} cannot be opened: {error}.", "Install the package that it names.") from None
        return file_system, path

    def __getstate__(self) -> dict[str, str]:
        return {"url": self.url}

    @property
    def path(self) -> str:
        """The path without its protocol, absolute on a disk."""
        return self._found[1]

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def parent(self) -> "Location":
        return Location(self.url.rstrip("/").rpartition("/")[0])

    def __truediv__(self, name: str) -> "Location":
        return Location(f"{self.url.rstrip('/')}/{name}")

    def contains(self, other: "Location") -> bool:
        """Whether the other lies in this folder, or is it."""
        same = type(self._found[0]) is type(other._found[0])
        return same and PurePosixPath(other.path).is_relative_to(PurePosixPath(self.path))

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        return cast(BinaryIO, self._found[0].open(self.path, mode))

    def exists(self) -> bool:
        return bool(self._found[0].exists(self.path))

    def is_dir(self) -> bool:
        return bool(self._found[0].isdir(self.path))

    def read_bytes(self) -> bytes:
        return bytes(self._found[0].cat_file(self.path))

    def remove(self) -> None:
        """Remove the file, or the folder with all that is in it; of no effect where there is none."""
        if self.exists():
            self._found[0].rm(self.path, recursive=True)

    def write_bytes(self, content: bytes) -> None:
        """Write the whole file, or nothing: whoever looks sees what was there before, or all of the new.

        Object stores show an object when it is complete. On a disk it is written beside its place, and renamed.
        """
        file_system, path = self._found
        if not isinstance(file_system, LocalFileSystem):
            file_system.pipe_file(path, content)
            return
        folder, name = os.path.split(path)
        os.makedirs(folder, exist_ok=True)
        scratch = os.path.join(folder, f".{name}-{uuid4().hex}")
        try:
            with open(scratch, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, path)
        except BaseException:
            if os.path.exists(scratch):
                os.remove(scratch)
            raise

    def names(self) -> list[str]:
        """What lies in the folder, in order; nothing where there is no folder."""
        file_system, path = self._found
        if not file_system.isdir(path):
            return []
        return sorted(PurePosixPath(entry).name for entry in file_system.ls(path, detail=False))

    def entries(self) -> list["Entry"]:
        """The file itself, or what lies in the folder, by name.

        Raises:
            OSError: it cannot be listed.
        """
        file_system, path = self._found
        if not file_system.isdir(path):
            return [self._entry(file_system.info(path), self.url)]
        found = sorted(file_system.ls(path, detail=True, refresh=True), key=lambda info: str(info["name"]))
        return [self._entry(info, (self / PurePosixPath(info["name"]).name).url) for info in found]

    @staticmethod
    def _entry(info: dict[str, Any], url: str) -> "Entry":
        version = next((str(info[key]) for key in _VERSION_KEYS if info.get(key) is not None), "")
        return Entry(Location(url), info["type"] == "directory", int(info.get("size") or 0), version)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a folder. `version` changes when its content does, as far as the file system can tell."""

    location: Location
    is_folder: bool
    size_bytes: int
    version: str


def reason_of(error: Exception) -> str:
    """What a file system says is wrong, in a few words. Those of object stores raise errors of many kinds."""
    said = (isinstance(error, OSError) and error.strerror) or str(error).partition("\n")[0].strip()
    return said.rstrip(".") or type(error).__name__


def walk(location: Location) -> Iterator[Entry]:
    """Every file at a location and below it, in order of their names, and every folder that cannot be listed.

    Hidden files, those that begin with an underscore (other jobs' marks) and check sums are passed over.
    """
    for entry in location.entries():
        name = entry.location.name
        if entry.location != location and (name.startswith((".", "_")) or name.endswith(".md5")):
            continue
        if not entry.is_folder:
            yield entry
            continue
        try:
            yield from walk(entry.location)
        except OSError:
            yield entry
