"""The input as Ray Data sees it: a read task per source, a row per unit."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Any

import pyarrow
from ray.data import Datasource
from ray.data.block import BlockMetadata
from ray.data.datasource import ReadTask

from bulk.sources import Source
from bulk.units import COLUMN, pack, units_of
from pubserve.formats import Format


class Units(Datasource):
    """What is still to be done of the sources. A task holds one unit, and waits until Ray Data has taken it."""

    def __init__(
        self, sources: Sequence[Source], *, records: int, format: Format | None, done: Collection[str]
    ) -> None:
        self._sources = sources
        self._records = records
        self._format = format
        self._done: dict[int, set[str]] = {}
        for name in done:
            self._done.setdefault(int(name.partition("-")[0]), set()).add(name)

    def estimate_inmemory_data_size(self) -> int | None:
        return None

    def get_read_tasks(self, parallelism: int, *_: Any, **__: Any) -> list[ReadTask]:
        """One for each source, however many are wanted."""
        return [ReadTask(self._reading(source), _metadata(source)) for source in self._sources]

    def _reading(self, source: Source) -> partial[Iterator[pyarrow.Table]]:
        done = frozenset(self._done.get(source.number, ()))
        return partial(_blocks, source, records=self._records, format=self._format, done=done)


def _blocks(source: Source, *, records: int, format: Format | None, done: Collection[str]) -> Iterator[pyarrow.Table]:
    for unit in units_of(source, records=records, format=format, done=done):
        yield pyarrow.table({COLUMN: [pack(unit)]})


def _metadata(source: Source) -> BlockMetadata:
    return BlockMetadata(num_rows=None, size_bytes=source.size_bytes, input_files=None, exec_stats=None)
