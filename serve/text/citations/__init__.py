"""Find what a text cites, in whatever style, and what each citation says.

Every citation can be put as the same mark, `[CIT]`. It is ASCII and a few pieces to any tokenizer, so that no
vocabulary has to grow; it keeps the brackets in which citations are mostly written, so that a model has met the like;
and it holds no number, name or year that a model could learn a label from.
"""

from serve.text.citations.author_year import author_year_citations
from serve.text.citations.numeric import numeric_citations
from serve.text.citations.reference import MARK, FoundCitation, Kind, Reference, Work

__all__ = ["MARK", "FoundCitation", "Kind", "Reference", "Work", "find_citations"]


def find_citations(text: str) -> list[FoundCitation]:
    """All citations of `text`, in order and without overlap.

    A number or a year in brackets is a citation only if its surroundings say so: what may as well be a range, a count,
    a chemical name or a step in a list is left out.
    """
    found = sorted([*numeric_citations(text), *author_year_citations(text)], key=lambda citation: citation.start)
    kept: list[FoundCitation] = []
    for citation in found:
        if not kept or kept[-1].end <= citation.start:
            kept.append(citation)
    return kept
