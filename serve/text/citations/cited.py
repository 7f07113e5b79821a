"""What a paper's text cites, as it is written there: marks, authors with years, DOIs, PubMed numbers, trials."""

from collections.abc import Sequence

from serve.text.citations import find_citations
from serve.text.cleaning.boilerplate import own_citation
from serve.text.cleaning.identifiers import publication_ids
from serve.text.cleaning.registrations import registration_numbers


def cited_in(texts: Sequence[str]) -> list[str]:
    """Everything that is cited, in reading order and each once; mostly nothing, for abstracts seldom cite.

    Each is a stretch of one of the texts, without white space or brackets around it.
    """
    found = [_bare(text[start:end]) for text in texts for start, end in _spans(text)]
    return list(dict.fromkeys(filter(None, found)))


def _bare(text: str) -> str:
    text = text.strip()
    while text[:1] + text[-1:] in ("[]", "()"):
        text = text[1:-1].strip()
    return text


def _spans(text: str) -> list[tuple[int, int]]:
    """In order and without overlap; where two overlap, the one that begins first."""
    marks = [(citation.start, citation.end) for citation in find_citations(text)]
    spans = sorted([*marks, *publication_ids(text), *registration_numbers(text), *own_citation(text)])
    kept: list[tuple[int, int]] = []
    for span in spans:
        if not kept or kept[-1][1] <= span[0]:
            kept.append(span)
    return kept
