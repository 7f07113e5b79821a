"""Parquet, read and written in batches. Mentions are left out."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from pubserve.formats.columns import EXPECTED, fields_of, is_readable, paper_from
from pubserve.formats.files import Readable, replacing
from pubserve.formats.records import Defect, PaperRecord, Reason, Row

MAGIC = b"PAR1"
BATCH_ROWS = 1024


def read(path: Readable) -> Iterator[Row]:
    """The papers of a file, row by row, from 1."""
    # Imported here: the other formats should not wait for it.
    import pyarrow
    from pyarrow.parquet import ParquetFile

    row = 0
    try:
        with path.open("rb") as opened, ParquetFile(opened) as file:
            names = tuple(file.schema_arrow.names)
            if not is_readable(names):
                yield 0, Defect(Reason.UNREADABLE, f"no columns for papers; {EXPECTED}")
                return
            for batch in file.iter_batches(BATCH_ROWS, columns=list(fields_of(names).values())):
                for values in batch.to_pylist():
                    row += 1
                    yield row, paper_from(values)
    except (pyarrow.ArrowException, UnicodeDecodeError):
        yield row, Defect(Reason.UNREADABLE, "the Parquet file is damaged from here on; expected a whole file")


def write(papers: Iterable[PaperRecord], path: Path) -> None:
    """Write a file with the columns id, title, abstract, label, all of them strings."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = pyarrow.schema([(name, pyarrow.string()) for name in ("id", "title", "abstract", "label")])
    with replacing(path) as scratch, ParquetWriter(scratch, schema) as writer:
        rest = iter(papers)
        while batch := list(islice(rest, BATCH_ROWS)):
            rows = [{"id": p.id, "title": p.title, "abstract": p.abstract, "label": p.label} for p in batch]
            writer.write_batch(pyarrow.RecordBatch.from_pylist(rows, schema))
