"""The file formats of papers: one module each, and how a file is told to be one of them."""

import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path, PurePath

from pubserve.formats import delimited, jsonl, medline, parquet, pubmed_xml, pubtator, tagged_text
from pubserve.formats.files import Readable, open_binary
from pubserve.formats.records import PaperRecord, Row

HEAD_BYTES = 4096


class Format(StrEnum):
    """A layout that papers are read from."""

    FOLDER = "folder"
    DELIMITED = "delimited"
    JSONL = "jsonl"
    PARQUET = "parquet"
    PUBMED_XML = "pubmed-xml"
    MEDLINE = "medline"
    PUBTATOR = "pubtator"


READERS: dict[Format, Callable[[Readable], Iterator[Row]]] = {
    Format.FOLDER: tagged_text.read,
    Format.DELIMITED: delimited.read,
    Format.JSONL: jsonl.read,
    Format.PARQUET: parquet.read,
    Format.PUBMED_XML: pubmed_xml.read,
    Format.MEDLINE: medline.read,
    Format.PUBTATOR: pubtator.read,
}
WRITERS: dict[Format, Callable[[Iterable[PaperRecord], Path], None]] = {
    Format.FOLDER: tagged_text.write,
    Format.DELIMITED: delimited.write,
    Format.JSONL: jsonl.write,
    Format.PARQUET: parquet.write,
}
_BY_SUFFIX = {
    ".csv": Format.DELIMITED,
    ".psv": Format.DELIMITED,
    ".tsv": Format.DELIMITED,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".parquet": Format.PARQUET,
    ".xml": Format.PUBMED_XML,
    ".nbib": Format.MEDLINE,
    ".medline": Format.MEDLINE,
    ".pubtator": Format.PUBTATOR,
}


def by_name(path: Readable) -> Format | None:
    """The format that a file's name says, gzip or not; None when it says none of ours."""
    name = PurePath(path.name)
    plain = name.with_suffix("") if name.suffix.lower() == ".gz" else name
    return _BY_SUFFIX.get(plain.suffix.lower())


def detect(path: Readable) -> Format | None:
    """The format of a file by its name, or else by how it begins; None when it is none of ours."""
    if named := by_name(path):
        return named
    with open_binary(path) as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(parquet.MAGIC):
        return Format.PARQUET
    text = head.decode("utf-8-sig", errors="replace").lstrip()
    first_line = text.partition("\n")[0].rstrip("\r")
    if text.startswith("<ID:"):
        return Format.FOLDER
    if text.startswith(("<?xml", "<!DOCTYPE Pubmed", "<PubmedArticleSet")):
        return Format.PUBMED_XML
    if text.startswith("{"):
        return Format.JSONL
    if pubtator.TEXT.fullmatch(first_line):
        return Format.PUBTATOR
    if re.match(r"PMID *- ", text):
        return Format.MEDLINE
    return Format.DELIMITED if delimited.delimiter_of(first_line) else None
