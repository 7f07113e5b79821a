"""Papers from disk, in whatever format, with an account of what could not be used."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from training.data.formats import READERS, Format, detect, tagged_text
from training.data.papers import LABELS, LabelledPaper, PaperRecord
from training.data.report import Defect, Dropped, Found, MalformedRecord, ReadReport, Reason

# How Python carries bytes that are no UTF-8, and what JSON may escape: no encoder and no tokenizer takes them.
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


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


def files_in(path: Path, format: Format | None = None) -> Iterator[tuple[Path, Format | None]]:
    """The files that `read_papers` reads at `path`, in order, each with its format; None where that is unknown.

    Of a layout by labels, a label's folder stands for itself if there is no file in it.
    """
    if path.is_dir() and (format is Format.FOLDER or (format is None and tagged_text.is_layout(path))):
        for label in LABELS:
            for file in tagged_text.files_of(path, label) or [path / label]:
                yield file, Format.FOLDER
    elif path.is_dir():
        for file in sorted(path.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                yield file, format or detect(file)
    else:
        yield path, format or detect(path)


def _kept(
    path: Path, format: Format | None, strict: bool, report: ReadReport, seen: _Seen
) -> Iterator[tuple[Path, int, PaperRecord]]:
    """The papers that can be used, with their places."""
    for file, file_format in files_in(path, format):
        for line, found in _found_in(file, file_format):
            checked = found if isinstance(found, Defect) else _checked(found, seen)
            if isinstance(checked, Defect):
                _drop(Dropped(file, line, checked.reason, checked.detail), strict, report)
            else:
                report.kept += 1
                yield file, line, checked


def _checked(paper: PaperRecord, seen: _Seen) -> Found:
    """The paper, if it can be used. A mention out of place discredits all offsets of its paper."""
    if _NOT_UTF8.search(f"{paper.id}{paper.title}{paper.abstract}"):
        return Defect(Reason.NOT_UTF8, "bytes that are not UTF-8; convert the file to UTF-8")
    if not paper.id:
        return Defect(Reason.NO_ID, "no id; expected one for every paper")
    if not (paper.title.strip() or paper.abstract.strip()):
        return Defect(Reason.NOTHING_TO_READ, "neither title nor abstract; expected one of them")
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


def _found_in(file: Path, format: Format | None) -> Iterator[tuple[int, Found]]:
    if format is None:
        yield 0, Defect(Reason.UNREADABLE, f"an unknown format; expected one of {', '.join(Format)}")
        return
    if format is Format.FOLDER and not file.is_file():
        yield 0, Defect(Reason.EMPTY, "no .txt files; expected one abstract a file")
        return
    line, empty = 0, True
    try:
        for line, found in READERS[format](file):
            empty = False
            yield line, found
    except (OSError, EOFError, zlib.error) as error:
        problem = f"cannot be read on from here ({type(error).__name__}); expected a whole file that you may read"
        yield line, Defect(Reason.UNREADABLE, problem)
        return
    if empty:
        yield 0, Defect(Reason.EMPTY, f"no record; expected at least one in {format}")


def _drop(dropped: Dropped, strict: bool, report: ReadReport) -> None:
    report.drop(dropped)
    if strict:
        raise MalformedRecord(dropped)
