"""Opening and writing files, the same for every format."""

import gzip
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import BinaryIO, Literal, Protocol, cast

from pubserve.formats.records import MAX_RECORD_BYTES

_GZIP_MAGIC = b"\x1f\x8b"


class Readable(Protocol):
    """A file, wherever it lies: a `pathlib.Path`, or anything with its name and a way to open it."""

    @property
    def name(self) -> str: ...
    @property
    def parent(self) -> "Readable": ...
    def open(self, mode: Literal["rb"], /) -> BinaryIO: ...


class RecordTooLarge(ValueError):
    """A line is longer than any record may be; reading goes on with the next one."""


class BoundedLines:
    """The lines of a text. One that is too long raises `RecordTooLarge` and is passed over, never held as a whole.

    Args:
        max_chars: a record is bounded in bytes, and a character has at least one.
    """

    def __init__(self, file: io.TextIOBase, *, max_chars: int = MAX_RECORD_BYTES) -> None:
        self._file = file
        self._max_chars = max_chars

    def __iter__(self) -> "BoundedLines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(self._max_chars)
        if not line:
            raise StopIteration
        if len(line) < self._max_chars or line.endswith("\n"):
            return line
        while (rest := self._file.readline(self._max_chars)) and not rest.endswith("\n"):
            pass
        raise RecordTooLarge


def open_binary(path: Readable) -> BinaryIO:
    """The bytes of a file, unpacked where it is gzip, whatever its name."""
    file = path.open("rb")
    packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    file.seek(0)
    if not packed:
        return file
    unpacked = gzip.GzipFile(fileobj=file)
    unpacked.myfileobj = file  # type: ignore[assignment]  # closed with it, as where it opens the file itself
    return cast(BinaryIO, unpacked)


def open_text(path: Readable, *, newline: str | None = None) -> io.TextIOWrapper:
    """The text of a UTF-8 file. Bytes that are none become lone surrogates, so that they cost one record, not all."""
    return io.TextIOWrapper(open_binary(path), encoding="utf-8-sig", errors="surrogateescape", newline=newline)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place to write a file or a folder, which becomes `path` only if nothing was raised."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    try:
        yield scratch / path.name
        os.replace(scratch / path.name, path)
    finally:
        shutil.rmtree(scratch)
