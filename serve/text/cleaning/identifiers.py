"""Addresses and numbers that point elsewhere: e-mail, web, DOI, PubMed. They are names, not content."""

import re

from serve.text.cleaning.deletion import deletions
from serve.text.offsets import Edit

# What ends a sentence or closes a bracket is no part of an address, however the address itself may be punctuated.
_TAIL = r"[^\s<>\"']*[^\s<>\"'.,;:)\]]"
_EMAIL = re.compile(
    r"(?:\b(?:e-?mail|contact|correspondence|electronic address)(?: to)?:?\s?)?"
    r"(?<![\w.+-])[\w.+-]++@(?:[A-Za-z0-9-]++\.)+[A-Za-z]{2,}(?![\w-])",
    re.IGNORECASE,
)
_URL = re.compile(rf"(?:https?://|ftp://|www\.){_TAIL}", re.IGNORECASE)
_BEFORE_URL = re.compile(r"\s(?:at|from|via|under|on|here):?\s?$", re.IGNORECASE)
_DOI = re.compile(
    rf"(?:https?://(?:dx\.)?doi\.org/|\bdoi(?:\.org/|[\s:]{{0,3}}))10\.\d{{4,9}}/{_TAIL}"
    rf"|(?<![\w./])10\.\d{{4,9}}/(?=[^\s]{{0,20}}[A-Za-z]){_TAIL}",
    re.IGNORECASE,
)
_PUBMED = re.compile(
    r"\b(?:PMIDs?[\s:#]{0,3}\d{4,9}(?:\s?[,;]\s?\d{4,9}\b){0,20}|(?:PMCID[\s:#]{0,3})?PMC\s?\d{5,9})\b"
)


def drop_emails(text: str) -> list[Edit]:
    """E-mail addresses, with the word that announces one."""
    return deletions(text, (match.span() for match in _EMAIL.finditer(text))) if "@" in text else []


def drop_links(text: str) -> list[Edit]:
    """Web addresses, DOIs, PubMed and PubMed Central numbers."""
    spans = publication_ids(text)
    if "://" in text or "www." in text:
        for match in _URL.finditer(text):
            before = _BEFORE_URL.search(text, max(0, match.start() - 8), match.start())
            spans.append((before.start() if before else match.start(), match.end()))
    return deletions(text, sorted(spans))


def publication_ids(text: str) -> list[tuple[int, int]]:
    """Where a text has DOIs, PubMed and PubMed Central numbers."""
    spans: list[tuple[int, int]] = []
    if "10." in text:
        spans += (match.span() for match in _DOI.finditer(text))
    if "PM" in text:
        spans += (match.span() for match in _PUBMED.finditer(text))
    return spans
