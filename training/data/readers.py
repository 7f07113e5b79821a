"""Papers from disk, in whatever format, with an account of what could not be used."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pubserve.formats import Format
from pubserve.formats.reading import read_records
from pubserve.formats.records import Defect, Found, Reason
from training.data.papers import LABELS, LabelledPaper, PaperRecord
from training.data.report import Dropped, MalformedRecord, ReadReport


@dataclass(slots=True)
class _Seen:
    """The ids so far, with the label each came with first, and those that came with another label later."""

    labels: dict[str, str | None] = field(default_factory=dict)
    contradicted: set[str] = field(default_factory=set)


def read_papers(
    path: Path, *, format: Format | None = None, strict: bool = False, report: ReadReport | None = None
) -> Iterator[PaperRecord]:
    """Stream the papers of a file, or of a folder of files; memory holds one paper, and the ids already seen.

    A folder with `Cancer/` and `Non-Cancer/` in it is read as such; any other gives the files in it, by name. The
    format is told by a file's name, or else by how it begins, unless `format` says it.

    A record that cannot be used is counted in `report` and left out. Of several records with one id the first is
    kept: a later one is a duplicate, or contradicts its label. A stream cannot take back the first; `read_labelled`
    does.

    Raises:
        FileNotFoundError: when there is nothing at `path`.
        MalformedRecord: if `strict`, in place of dropping, with file, line, what is wrong and what was expected.
    """
    for _, _, paper in _kept(path, format, strict, ReadReport() if report is None else report, _Seen()):
        yield paper


def read_labelled(
    path: Path, *, format: Format | None = None, strict: bool = False, report: ReadReport | None = None
) -> list[LabelledPaper]:
    """Read the labelled papers that `path` holds, as training needs them, in the order they stand there.

    As `read_papers`, but papers without label are dropped, and so is every record of an id that came with two labels:
    nothing says which of the two is right.
    """
    report = ReadReport() if report is None else report
    seen = _Seen()
    labelled: list[tuple[Path, int, LabelledPaper]] = []
    for file, line, paper in _kept(path, format, strict, report, seen):
        if paper.label is None:
            report.kept -= 1
            _drop(Dropped(file, line, Reason.NO_LABEL, f"no label; expected {' or '.join(LABELS)}"), strict, report)
        else:
            fields = (paper.id, paper.title, paper.abstract, paper.label, paper.mentions)
            labelled.append((file, line, LabelledPaper(*fields)))
    for file, line, paper in labelled:
        if paper.id in seen.contradicted:
            report.kept -= 1
            report.drop(Dropped(file, line, Reason.CONFLICTING_LABELS, "a later record has this id and another label"))
    return [paper for _, _, paper in labelled if paper.id not in seen.contradicted]


def read_folder(folder: Path) -> list[LabelledPaper]:
    """Read `Cancer/*.txt` and `Non-Cancer/*.txt`, each file `<ID:…>`, `Title: …`, `Abstract: …`.

    Raises:
        MalformedRecord: naming the file and what was expected in it.
    """
    return read_labelled(folder, format=Format.FOLDER, strict=True)


def _kept(
    path: Path, format: Format | None, strict: bool, report: ReadReport, seen: _Seen
) -> Iterator[tuple[Path, int, PaperRecord]]:
    """The papers that can be used, with their places."""
    for file, line, found in read_records(path, format=format):
        checked = found if isinstance(found, Defect) else _checked(found, seen)
        if isinstance(checked, Defect):
            _drop(Dropped(file, line, checked.reason, checked.detail), strict, report)
        else:
            report.kept += 1
            yield file, line, checked


def _checked(paper: PaperRecord, seen: _Seen) -> Found:
    """The paper, if it can be used. A mention out of place discredits all offsets of its paper."""
    if paper.label not in (None, *LABELS):
        return Defect(Reason.UNKNOWN_LABEL, f"the label is unknown; expected {' or '.join(LABELS)}")
    passage = paper.passage
    for mention in paper.mentions:
        if passage[mention.start : mention.end] != mention.text:
            where = f"{mention.start} to {mention.end}"
            return Defect(
                Reason.MISPLACED_MENTION, f"a mention's text is not the paper's at {where}; expected it there"
            )
    if paper.id not in seen.labels:
        seen.labels[paper.id] = paper.label
        return paper
    if seen.labels[paper.id] != paper.label:
        seen.contradicted.add(paper.id)
        return Defect(Reason.CONFLICTING_LABELS, "an earlier record has this id and another label; expected one label")
    return Defect(Reason.DUPLICATE_ID, "an earlier record has this id; expected it once")


def _drop(dropped: Dropped, strict: bool, report: ReadReport) -> None:
    report.drop(dropped)
    if strict:
        raise MalformedRecord(dropped)
