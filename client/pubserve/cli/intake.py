"""Papers from files, standard input and PMIDs, and an account of what among them could not be used."""

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from pubserve.contract import Paper
from pubserve.formats import Format
from pubserve.formats.reading import read_records
from pubserve.formats.records import Defect, PaperRecord, Reason
from pubserve.lines import input_hash
from pubserve.pubmed import is_pmid

STDIN = Path("-")
LISTED_MAX = 1000

Item = dict[str, Any] | str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record that could not be used, and where it stands (line 0: the file as a whole)."""

    file: str
    line: int
    reason: Reason
    detail: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.detail}" if self.line else f"{self.file}: {self.detail}"


@dataclass(slots=True)
class Intake:
    """The papers of a command, each once. Counts what it leaves out, and tells `on_malformed` of each as it comes."""

    files: Sequence[Path]
    pmids: Sequence[str] = ()
    format: Format | None = None
    on_malformed: Callable[[Malformed], None] = lambda _: None
    papers: int = 0
    duplicates: int = 0
    deleted: int = 0
    malformed: Counter[Reason] = field(default_factory=Counter)
    listed: list[Malformed] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set)

    def __iter__(self) -> Iterator[Item]:
        """Mappings for `analyze_many`, then PMIDs. What is there twice with the same text is given once."""
        for file in self.files:
            with _on_disk(file) as path:
                for place, line, found in read_records(path, format=self.format):
                    if isinstance(found, Defect):
                        self._leave_out(Malformed(_name(place, path, file), line, found.reason, found.detail))
                    elif self._is_new(found):
                        self.papers += 1
                        yield {"id": found.id, "title": found.title or None, "abstract": found.abstract or None}
        for pmid in dict.fromkeys(self.pmids):
            self.papers += 1
            yield pmid

    def _is_new(self, record: PaperRecord) -> bool:
        # model_construct: an id too long for the contract is for the client to complain of.
        paper = Paper.model_construct(id=record.id, title=record.title, abstract=record.abstract)
        digest = bytes.fromhex(input_hash(paper, ()))
        if digest in self._seen:
            self.duplicates += 1
            return False
        self._seen.add(digest)
        return True

    def _leave_out(self, malformed: Malformed) -> None:
        if malformed.reason is Reason.DELETED:
            self.deleted += 1
            return
        self.malformed[malformed.reason] += 1
        if len(self.listed) < LISTED_MAX:
            self.listed.append(malformed)
        self.on_malformed(malformed)


def pmids_in(given: Iterable[str]) -> list[str]:
    """The PMIDs that options name: numbers with commas or white space between them, or files of such.

    Raises:
        ValueError: naming what is neither.
    """
    pmids: list[str] = []
    for text in given:
        file = Path(text)
        numbers = (file.read_text(encoding="utf-8") if file.is_file() else text).replace(",", " ").split()
        if strange := [number for number in numbers if not is_pmid(number)]:
            where = f" in {file}" if file.is_file() else ""
            raise ValueError(f"{strange[0]!r}{where} is neither a PMID (up to 8 digits) nor a file of PMIDs")
        pmids += numbers
    return pmids


@contextmanager
def _on_disk(file: Path) -> Iterator[Path]:
    """The file itself; standard input is put into one, since its format is told by how it begins."""
    if file != STDIN:
        yield file
        return
    with NamedTemporaryFile(prefix="pubserve-") as scratch:
        shutil.copyfileobj(sys.stdin.buffer, scratch)
        scratch.flush()
        yield Path(scratch.name)


def _name(place: Path, path: Path, given: Path) -> str:
    return "<stdin>" if given == STDIN and place == path else str(place)
