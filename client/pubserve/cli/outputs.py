"""Where answers go: JSONL as they come, CSV and Parquet when they are all there."""

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from pubserve.contract import Analysis, Result
from pubserve.formats.files import replacing
from pubserve.lines import line_of
from pubserve.tables import paper_rows

BATCH_ROWS = 1024


class OutputFormat(StrEnum):
    """What an output file's ending can say."""

    JSONL = ".jsonl"
    CSV = ".csv"
    PARQUET = ".parquet"


Write = Callable[[Result], None]


def journal_of(out: Path) -> Path:
    """Where a run keeps what is answered: a JSONL output is its own journal, another has one beside it."""
    return out if out.suffix == OutputFormat.JSONL else out.with_name(f"{out.name}.partial.jsonl")


@contextmanager
def writing(out: Path | None) -> Iterator[Write]:
    """What takes the results. A file takes its place only when the block is left without an error."""
    if out is None:
        yield _to_stdout
    elif out.suffix == OutputFormat.JSONL:
        yield lambda result: None  # the journal has written it
    else:
        with replacing(out) as scratch, _TABLES[OutputFormat(out.suffix)](scratch) as write:
            yield write


def _to_stdout(result: Result) -> None:
    sys.stdout.buffer.write(line_of(result.model_dump(mode="json")))
    sys.stdout.buffer.flush()


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    """Flat rows. They wait in a file until the last has come: only then are all columns known."""
    columns: dict[str, None] = {}
    with TemporaryFile("w+", encoding="utf-8") as rows:

        def write(result: Result) -> None:
            for row in paper_rows([result]):
                columns.update(dict.fromkeys(row))
                rows.write(json.dumps(row) + "\n")

        yield write
        rows.seek(0)
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, [*(name for name in columns if name != "error"), "error"], restval="")
            table.writeheader()
            table.writerows(map(json.loads, rows))


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    """All that a result has, nested as it is, in batches."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = parquet_schema()
    batch: list[dict[str, Any]] = []
    with ParquetWriter(path, schema) as file:

        def flush() -> None:
            file.write_batch(pyarrow.RecordBatch.from_pylist(batch, schema))
            batch.clear()

        def write(result: Result) -> None:
            batch.append(nested_row(result))
            if len(batch) == BATCH_ROWS:
                flush()

        yield write
        flush()


_TABLES: dict[OutputFormat, Callable[[Path], AbstractContextManager[Write]]] = {
    OutputFormat.CSV: _csv,
    OutputFormat.PARQUET: _parquet,
}


def nested_row(result: Result) -> dict[str, Any]:
    """All that a result has but how long it took, in the types of `parquet_schema`."""
    if not isinstance(result, Analysis):
        return {"abstract_id": result.abstract_id, "error": result.error.message}
    values = result.model_dump(mode="json")
    return {**values, "confidence_scores": list(values["confidence_scores"].items())}


def parquet_schema() -> Any:
    """The pyarrow schema of results: a column for each of their fields, and `error`."""
    import pyarrow as pa

    text, texts = pa.string(), pa.list_(pa.string())
    mention = [
        ("text", text), ("field", text), ("start", pa.int32()), ("end", pa.int32()), ("disease", text),
        ("ids", pa.struct([("doid", text), ("mesh", text)])),
        ("is_cancer", pa.bool_()), ("negated", pa.bool_()), ("confidence", pa.float64()),
    ]  # fmt: skip
    return pa.schema(
        [
            ("abstract_id", text),
            ("predicted_labels", texts),
            ("confidence_scores", pa.map_(text, pa.float64())),
            ("extracted_diseases", texts),
            ("mentions", pa.list_(pa.struct(mention))),
            ("citations", texts),
            ("topics", texts),
            ("summary", text),
            ("warnings", texts),
            ("models", pa.struct([("classifier", text), ("extractor", text)])),
            ("error", text),
        ]
    )
