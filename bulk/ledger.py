"""What became of each unit, one small file each: the checkpoints of a job, and what its report adds up."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from pydantic import BaseModel, ConfigDict

from bulk.analysis import Analysed
from bulk.storage import Location
from bulk.units import Unit
from pubserve.contract import Analysis, Failure
from pubserve.formats.records import Defect, Reason

AT_ONCE = 32
"""Entries that are fetched at the same time: in object storage each is a request."""


class DeadLetter(BaseModel):
    """A record without an analysis: where it stands, and why. `id` is null where none could be read."""

    model_config = ConfigDict(frozen=True)

    file: str
    line: int
    id: str | None
    reason: str
    detail: str


class UnitEntry(BaseModel):
    """A unit that is done. What it says of the papers can be added to what other entries say."""

    model_config = ConfigDict(frozen=True)

    source: int
    number: int
    is_last: bool
    read_bytes: int
    papers: int
    """With an analysis."""
    failed: dict[str, int]
    """Dead letters by reason."""
    deleted: int
    labels: dict[str, int]
    diseases: dict[str, int]
    """Papers that name the disease."""
    warnings: dict[str, int]


def dead_letters_of(analysed: Sequence[Analysed]) -> Iterator[DeadLetter]:
    """Those of a unit, in the order of its records. What PubMed has deleted is none: it is no paper."""
    for one in analysed:
        file, line, found = one.record.file, one.record.line, one.record.found
        if isinstance(found, Defect):
            if found.reason is not Reason.DELETED:
                yield DeadLetter(file=file, line=line, id=None, reason=found.reason.value, detail=found.detail)
        elif isinstance(one.result, Failure):
            error = one.result.error
            reason = error.code or error.type
            yield DeadLetter(file=file, line=line, id=found.id, reason=reason, detail=error.message)


def entry_of(unit: Unit, analysed: Sequence[Analysed], dead_letters: Sequence[DeadLetter]) -> UnitEntry:
    """The entry of a unit all of whose records are dealt with."""
    analyses = [one.result for one in analysed if isinstance(one.result, Analysis)]
    return UnitEntry(
        source=unit.source,
        number=unit.number,
        is_last=unit.is_last,
        read_bytes=unit.read_bytes,
        papers=len(analyses),
        failed=Counter(letter.reason for letter in dead_letters),
        deleted=sum(isinstance(r.found, Defect) and r.found.reason is Reason.DELETED for r in unit.records),
        labels=Counter(label for analysis in analyses for label in analysis.predicted_labels),
        diseases=Counter(disease for analysis in analyses for disease in analysis.extracted_diseases),
        warnings=Counter(warning for analysis in analyses for warning in analysis.warnings),
    )


def entries_in(folder: Location) -> Iterator[UnitEntry]:
    """Every entry of a ledger, in order; none where there is no folder."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for content in threads.map(lambda name: (folder / name).read_bytes(), folder.names()):
            yield UnitEntry.model_validate_json(content)
