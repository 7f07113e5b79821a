"""PubMed's XML, as efetch answers and as the baseline and update files hold it, plain or gzip."""

import html
import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from pubserve.formats.files import Readable, open_binary
from pubserve.formats.records import MAX_RECORD_BYTES, TOO_LARGE, Defect, PaperRecord, Reason, Row

CHUNK_BYTES = 1 << 16
RECORDS = frozenset({"PubmedArticle", "PubmedBookArticle", "DeleteCitation"})
# They make up most of a record, and nothing in them is read.
SKIPPED = frozenset({"AuthorList", "MeshHeadingList", "ChemicalList", "CommentsCorrectionsList", "PubmedData"})
UNTRANSLATED = "[Not Available]"
UNLABELLED = "UNLABELLED"


def read(path: Readable) -> Iterator[Row]:
    """The papers of a file, one after another: memory holds one record at a time."""
    with open_binary(path) as file:
        yield from parse(file)


def parse(stream: BinaryIO) -> Iterator[Row]:
    """The papers of a stream. Broken XML costs what comes after the break, and says where it is."""
    cutter = _Cutter()
    while True:
        chunk = stream.read(CHUNK_BYTES)
        problem = cutter.feed(chunk)
        for line, element in cutter.taken():
            yield from [(line, TOO_LARGE)] if element is None else _rows(line, element)
        if problem:
            yield problem
        if problem or not chunk:
            return


class _Cutter:
    """Cuts a stream of XML into its records, each a small tree with the line that it begins on; None if too large."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._parser.SkippedEntityHandler = self._skipped_entity
        self._parser.EntityDeclHandler = self._refuse_entity
        self._records: list[tuple[int, Element | None]] = []
        self._builder: TreeBuilder | None = None
        self._skipping = ""
        self._line = 0
        self._chars = 0

    def feed(self, chunk: bytes) -> tuple[int, Defect] | None:
        """Parse more of the stream, or with no bytes its end; returns what is wrong with it."""
        try:
            self._parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            said = expat.ErrorString(error.code)
            return error.lineno, Defect(Reason.UNREADABLE, f"broken XML ({said}); expected PubMed's XML, whole")
        except _EntityDeclared:
            problem = "the file declares entities; expected PubMed's XML, which has none"
            return self._parser.CurrentLineNumber, Defect(Reason.UNREADABLE, problem)
        return None

    def taken(self) -> list[tuple[int, Element | None]]:
        """The records that are complete since the last time."""
        records, self._records = self._records, []
        return records

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._builder is None and tag in RECORDS:
            self._builder, self._line, self._chars = TreeBuilder(), self._parser.CurrentLineNumber, 0
        if self._builder is not None and not self._skipping:
            self._skipping = tag if tag in SKIPPED else ""
            self._builder.start(tag, attributes)

    def _data(self, text: str) -> None:
        if self._builder is not None and not self._skipping:
            self._chars += len(text)
            if self._chars <= MAX_RECORD_BYTES:
                self._builder.data(text)

    def _end(self, tag: str) -> None:
        if self._skipping == tag:
            self._skipping = ""
        if self._builder is None or self._skipping:
            return
        self._builder.end(tag)
        if tag in RECORDS:
            record = self._builder.close()
            self._records.append((self._line, record if self._chars <= MAX_RECORD_BYTES else None))
            self._builder = None

    def _skipped_entity(self, name: str, is_parameter: bool) -> None:
        """The DTD is never fetched, so a name like `&alpha;` in it is read as HTML would."""
        self._data(html.unescape(f"&{name};"))

    def _refuse_entity(self, *_: object) -> None:
        """A few nested entities could unfold into gigabytes, or name a file of this machine."""
        raise _EntityDeclared


class _EntityDeclared(Exception):
    """Leaves expat from inside a handler."""


def _rows(line: int, record: Element) -> Iterator[Row]:
    if record.tag == "DeleteCitation":
        for _ in record.iterfind("PMID"):
            yield line, Defect(Reason.DELETED, "PubMed has deleted this paper; remove it where an earlier file gave it")
        return
    is_book = record.tag == "PubmedBookArticle"
    citation = record.find("BookDocument" if is_book else "MedlineCitation")
    article = citation if is_book or citation is None else citation.find("Article")
    if citation is None or article is None:
        yield line, Defect(Reason.MALFORMED, f"a {record.tag} without its article; expected PubMed's elements")
        return
    title = _text(article.find("ArticleTitle"))
    if not title or title.startswith(UNTRANSLATED):
        title = _text(article.find("VernacularTitle")) or _text(article.find("Book/BookTitle")) or title
    yield line, PaperRecord(_text(citation.find("PMID")), title, _abstract(article.find("Abstract")))


def _abstract(abstract: Element | None) -> str:
    if abstract is None:
        return ""
    lines = []
    for section in abstract.iterfind("AbstractText"):
        label = section.get("Label", UNLABELLED)
        if text := _text(section):
            lines.append(text if label == UNLABELLED else f"{label}: {text}")
    return "\n".join(lines)


def _text(element: Element | None) -> str:
    """All the text of an element, inside inline tags too; line breaks here are only the file's layout."""
    return "" if element is None else re.sub(r"[ \t\r\n]+", " ", "".join(element.itertext())).strip()
