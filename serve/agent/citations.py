"""What the papers of a set cite, and which of them cite each other."""

import re
from collections.abc import Sequence

from serve.agent.messages import Cited, Reading

_PUBMED_NUMBER = re.compile(r"\b(?:PMID|PubMed)\D{0,12}([1-9]\d{4,7})\b", re.IGNORECASE)


def citations_of(readings: Sequence[Reading]) -> list[Cited]:
    """Each thing cited once, with the papers that cite it, in reading order."""
    ids = {reading.paper_id for reading in readings}
    by: dict[str, list[str]] = {}
    for reading in readings:
        for text in dict.fromkeys(reading.citations):
            by.setdefault(text, []).append(reading.paper_id)
    return [Cited(text=text, by=papers, paper_id=_of_the_set(text, ids)) for text, papers in by.items()]


def _of_the_set(text: str, ids: set[str]) -> str | None:
    found = _PUBMED_NUMBER.search(text)
    return found[1] if found and found[1] in ids else None
