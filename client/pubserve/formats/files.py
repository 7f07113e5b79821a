"""Opening and writing files, the same for every format."""

import gzip
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import BinaryIO, cast

_GZIP_MAGIC = b"\x1f\x8b"


def open_binary(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked where it is gzip, whatever its name."""
    with path.open("rb") as file:
        packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path) if packed else path.open("rb"))


def open_text(path: Path, *, newline: str | None = None) -> io.TextIOWrapper:
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
