"""The folder of a job: parts with papers, dead letters, the ledger, and what says whose they are.

    papers/000000-000003.jsonl         the analyses of one unit, in the order of the input
    dead-letters/000000-000003.jsonl   its records without one, if there are any
    ledger/000000-000003.json          written last: the unit is done
    manifest.json                      what the job reads, and with what
    report.json, _SUCCESS              written when all units are done

Every file is written whole or not at all, and a unit that is done again, because a worker died before it was entered
into the ledger, writes the same files again.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO

from bulk.analysis import Analysed
from bulk.errors import BulkError, UnusableOutput
from bulk.ledger import DeadLetter, UnitEntry, dead_letters_of, entries_in, entry_of
from bulk.manifest import Manifest
from bulk.storage import Location, reason_of
from bulk.units import Unit
from pubserve.cli.outputs import nested_row, parquet_schema
from pubserve.contract import Analysis

PAPERS = "papers"
DEAD_LETTERS = "dead-letters"
LEDGER = "ledger"
MANIFEST = "manifest.json"
REPORT = "report.json"
SUCCESS = "_SUCCESS"
OURS = (SUCCESS, REPORT, LEDGER, PAPERS, DEAD_LETTERS, MANIFEST)
"""In the order in which they are removed: what is left of a removal that broke off is still a job's."""


class PartFormat(StrEnum):
    """How papers are written. Both have every field of an answer but `timings_ms`."""

    JSONL = "jsonl"
    PARQUET = "parquet"


@dataclass(frozen=True)
class Output:
    """A job's folder, wherever it lies."""

    folder: Location
    format: PartFormat

    def begin(self, manifest: Manifest, *, overwrite: bool) -> None:
        """Make the folder this job's, or find that it is.

        Raises:
            UnusableOutput: it is another job's, or holds what no job wrote, or cannot be written.
        """
        try:
            self._begin(manifest, overwrite=overwrite)
        except BulkError:
            raise
        except Exception as error:  # an object store has its own for an endpoint or a key that is wrong
            raise UnusableOutput(
                f"{self.folder.url} cannot be used: {reason_of(error)}.", "Name a folder that you may write to."
            ) from error

    def _begin(self, manifest: Manifest, *, overwrite: bool) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise UnusableOutput(f"{self.folder.url} is a file.", "Name a folder.")
        if overwrite:
            for name in OURS:
                (self.folder / name).remove()
        kept = self.folder / MANIFEST
        if kept.exists():
            if differences := Manifest.model_validate_json(kept.read_bytes()).differences(manifest):
                raise UnusableOutput(
                    f"{self.folder.url} holds another job: {'; '.join(differences)}.",
                    "Repeat that job as it was begun, name another output, or begin anew with --overwrite.",
                )
        elif self.folder.names():
            raise UnusableOutput(
                f"{self.folder.url} holds files, and none of them is the manifest of a job.",
                "Name an empty folder, or one that is not there yet.",
            )
        else:
            kept.write_bytes(manifest.model_dump_json(indent=2).encode() + b"\n")

    def entries(self) -> Iterator[UnitEntry]:
        """The units that are done, in order."""
        return entries_in(self.folder / LEDGER)

    def commit(self, unit: Unit, analysed: Sequence[Analysed]) -> UnitEntry:
        """Write all that a unit gives, and last its entry into the ledger."""
        letters = list(dead_letters_of(analysed))
        entry = entry_of(unit, analysed, letters)
        dead = self.folder / DEAD_LETTERS / f"{unit.name}.jsonl"
        if letters:
            dead.write_bytes(_dead_letter_lines(letters))
        else:
            dead.remove()  # of a time before this, when a paper failed that is read now
        part = self.folder / PAPERS / f"{unit.name}.{self.format}"
        analyses = [one.result for one in analysed if isinstance(one.result, Analysis)]
        part.write_bytes(_ENCODERS[self.format](analyses))
        (self.folder / LEDGER / f"{unit.name}.json").write_bytes(entry.model_dump_json().encode() + b"\n")
        return entry

    def reopen(self) -> None:
        """There is something left to do: a mark that says otherwise goes."""
        (self.folder / SUCCESS).remove()

    def finish(self, report: str) -> None:
        """Say what the job came to, and that it is whole."""
        (self.folder / REPORT).write_bytes(report.encode())
        (self.folder / SUCCESS).write_bytes(b"")


def _dead_letter_lines(letters: Sequence[DeadLetter]) -> bytes:
    # ASCII: the name of a file may hold what is no UTF-8.
    return "".join(json.dumps(letter.model_dump()) + "\n" for letter in letters).encode()


def _jsonl(analyses: Sequence[Analysis]) -> bytes:
    lines = (analysis.model_dump_json(exclude={"timings_ms"}) + "\n" for analysis in analyses)
    return "".join(lines).encode()


def _parquet(analyses: Sequence[Analysis]) -> bytes:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = parquet_schema().remove(parquet_schema().get_field_index("error"))
    rows = [nested_row(analysis) for analysis in analyses]
    buffer = BytesIO()
    with ParquetWriter(buffer, schema, compression="zstd") as writer:
        writer.write_table(pyarrow.Table.from_pylist(rows, schema))
    return buffer.getvalue()


_ENCODERS = {PartFormat.JSONL: _jsonl, PartFormat.PARQUET: _parquet}
