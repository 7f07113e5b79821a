"""A source cut into units: so many records, which are read, written and remembered together."""

import pickle
import zlib
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal

from bulk.sources import Source
from bulk.storage import Entry, Location
from pubserve.formats import Format, detect
from pubserve.formats.reading import rows_of
from pubserve.formats.records import Defect, Found, Reason

COLUMN = "unit"

UNIT_CHARS = 4_000_000
"""However few its records, a unit that has so much text is full: one must fit into the memory of a worker."""


@dataclass(frozen=True, slots=True)
class Record:
    """What stands in a file, at which line (0: the file as a whole)."""

    file: str
    line: int
    found: Found


@dataclass(frozen=True, slots=True)
class Unit:
    """Neighbouring records of a source. `read_bytes` is how far in the source's files they reach beyond the last."""

    source: int
    number: int
    is_last: bool
    records: list[Record]
    read_bytes: int

    @property
    def name(self) -> str:
        return unit_name(self.source, self.number)


def pack(unit: Unit) -> bytes:
    """The unit as it travels between processes of a job."""
    return pickle.dumps(unit)


def unit_in(batch: Mapping[str, Sequence[bytes]]) -> Unit:
    """The one unit of a batch of one row."""
    [packed] = batch[COLUMN]
    unit = pickle.loads(packed)
    assert isinstance(unit, Unit)
    return unit


def unit_name(source: int, number: int) -> str:
    """The same for the same records of the same input. Names sort as their records stand."""
    return f"{source:06d}-{number:06d}"


def units_of(source: Source, *, records: int, format: Format | None, done: Container[str] = ()) -> Iterator[Unit]:
    """The units of a source, in order, but those that are done. Memory holds one of them."""
    reader = _Reader(source, format)
    number, reached_bytes = 0, 0
    waiting: list[Record] = []
    chars = 0

    def unit(*, is_last: bool) -> Unit:
        read_bytes = max(0, reader.position - reached_bytes)
        return Unit(source.number, number, is_last, waiting, read_bytes)

    for record in reader:
        if len(waiting) == records or chars > UNIT_CHARS:
            full = unit(is_last=False)
            if full.name not in done:
                yield full
            number, reached_bytes, waiting, chars = number + 1, reader.position, [], 0
        waiting.append(record)
        chars += 0 if isinstance(record.found, Defect) else len(record.found.title) + len(record.found.abstract)
    last = unit(is_last=True)
    if last.name not in done:
        yield last


class _Reader:
    """The records of a source; knows how far it is in the bytes of its files."""

    def __init__(self, source: Source, format: Format | None) -> None:
        self._source = source
        self._format = format
        self._finished_bytes = 0
        self._open: _Tracked | None = None

    @property
    def position(self) -> int:
        return self._finished_bytes + (self._open.position if self._open else 0)

    def __iter__(self) -> Iterator[Record]:
        for entry in self._source.files:
            self._open = _Tracked(entry)
            for line, found in self._rows(entry, self._open):
                yield Record(entry.location.url, line, found)
            self._finished_bytes += entry.size_bytes
            self._open = None

    def _rows(self, entry: Entry, file: "_Tracked") -> Iterator[tuple[int, Found]]:
        if entry.is_folder:
            yield 0, Defect(Reason.UNREADABLE, "the folder cannot be listed; expected one that you may read")
            return
        try:
            format = self._format or detect(file)
        except (OSError, EOFError, zlib.error) as error:
            problem = f"the file cannot be opened ({type(error).__name__}); expected one that you may read"
            yield 0, Defect(Reason.UNREADABLE, problem)
            return
        yield from rows_of(file, format)


class _Tracked:
    """A file that knows how far it has been read, packed or not."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._file: BinaryIO | None = None

    @property
    def name(self) -> str:
        return self._entry.location.name

    @property
    def parent(self) -> Location:
        return self._entry.location.parent

    @property
    def position(self) -> int:
        if self._file is None:
            return 0
        return self._entry.size_bytes if self._file.closed else min(self._file.tell(), self._entry.size_bytes)

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        self._file = self._entry.location.open(mode)
        return self._file
