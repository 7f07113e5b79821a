"""Annotated papers as what the generator is shown and what it should write: a unit of text, and its names."""

import random
from collections.abc import Iterator, Sequence

from serve.extractor.prompt import Example
from serve.text.sentences import units
from training.extraction.corpus import AnnotatedPaper


def units_of(paper: AnnotatedPaper, *, max_chars: int) -> Iterator[Example]:
    """The units that serving cuts a paper into, each with its diseases: once each, in reading order, as written."""
    for field in ("title", "abstract"):
        for start, end in units(getattr(paper, field), max_chars=max_chars):
            within = (a for a in paper.annotations if a.field == field and start <= a.start and a.end <= end)
            yield getattr(paper, field)[start:end], list(dict.fromkeys(a.text for a in within))


def training_examples(
    papers: Sequence[AnnotatedPaper], *, max_chars: int, share_without: float, seed: int
) -> list[Example]:
    """All units that name diseases, and of the others a share, drawn at random.

    A unit without diseases costs as much to read as another and teaches one token; with fewer of them a model also
    leaves out less.
    """
    drawn = random.Random(seed)
    found = [unit for paper in papers for unit in units_of(paper, max_chars=max_chars)]
    return [(text, names) for text, names in found if names or drawn.random() < share_without]
