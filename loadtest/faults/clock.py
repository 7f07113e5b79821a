"""A wall clock that can be set for the service alone, by libfaketime; its monotonic clock goes on as ever."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtest.faults.redis import MissingProgram

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
TRUE = "+0"


@contextmanager
def faked_clock(folder: Path) -> Iterator[Path]:
    """The file with the offset of every process that is started inside the block: `+0`, `+3600`, `-3600` seconds.

    Raises:
        MissingProgram: there is no libfaketime here.
    """
    if not LIBRARY.exists():
        raise MissingProgram(f"{LIBRARY} is not here; Debian's package libfaketime carries it")
    offset = folder / "clock"
    offset.write_text(TRUE)
    given = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "1",
    }
    os.environ.update(given)
    try:
        yield offset
    finally:
        for name in given:
            del os.environ[name]
