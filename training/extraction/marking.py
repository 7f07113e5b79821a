"""Papers marked by a model: what a smaller one learns from beside what people annotated."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from pubserve.contract import Mention
from training.data import PaperRecord
from training.data.duplicates import unlike
from training.data.papers import Mention as Marked
from training.extraction.corpus import annotated
from training.extraction.extractors import Extractor


def marked_papers(
    papers: Sequence[PaperRecord], extractor: Extractor, *, measured_on: Collection[str]
) -> Iterator[PaperRecord]:
    """The papers with the diseases that the extractor finds in them in place of those they came with.

    Args:
        measured_on: ids of papers that are kept to measure on; they and what resembles them is left out.
    """
    free = [paper for _, paper in unlike([paper for paper in papers if paper.id in measured_on], papers)]
    for paper, mentions in zip(free, extractor.mentions([annotated(paper) for paper in free]), strict=True):
        yield replace(paper, label=None, mentions=tuple(_marked(mention, paper) for mention in mentions))


def _marked(mention: Mention, paper: PaperRecord) -> Marked:
    # Places in a record count from the start of the title.
    offset = 0 if mention.field == "title" else len(paper.title) + 1
    return Marked(mention.start + offset, mention.end + offset, mention.text, "Disease")
