"""Quotations looked up in the paper they are said to be from: what is not there word for word is no evidence."""

import re

from pubserve.contract import Paper
from serve.agent.messages import Evidence
from serve.text.cleaning import Cleaner
from serve.text.cleaning.steps import BOTH

FEWEST_WORDS = 3
"""Shorter quotations are somewhere in any paper."""

_QUOTATION_MARKS = " \t\n\"'\u2018\u2019\u201c\u201d"
_clean = Cleaner()


def find_quote(quote: str, paper: Paper) -> Evidence | None:
    """Where a quotation stands in a paper; None where it does not.

    White space may differ. A model reads the cleaned paper, so what is not in the paper as it came is looked for there,
    and the evidence is what the caller sent in that place.
    """
    words = quote.strip(_QUOTATION_MARKS).split()
    if len(words) < FEWEST_WORDS:
        return None
    pattern = re.compile(r"\s+".join(map(re.escape, words)))
    raw = {"title": paper.title or "", "abstract": paper.abstract or ""}
    for field in BOTH:
        if found := pattern.search(raw[field]):
            return _evidence(paper, field, raw[field], found.start(), found.end())
    clean = _clean(raw["title"], raw["abstract"])
    for field in BOTH:
        mapped = clean.title if field == "title" else clean.abstract
        if found := pattern.search(mapped.text):
            return _evidence(paper, field, raw[field], *mapped.raw_span(found.start(), found.end()))
    return None


def _evidence(paper: Paper, field: str, text: str, start: int, end: int) -> Evidence:
    return Evidence.model_validate(
        {"paper_id": paper.id, "field": field, "start": start, "end": end, "text": text[start:end]}
    )
