"""A prompt for a generator as it comes: a few annotated texts. What training has to beat."""

import random
from collections.abc import Sequence

from serve.extractor.prompt import Example
from training.extraction.corpus import AnnotatedPaper
from training.extraction.generator.examples import units_of

WITH_DISEASES, WITHOUT = 6, 2
"""Examples in the prompt."""


def examples_of(papers: Sequence[AnnotatedPaper], *, max_unit_chars: int, seed: int) -> list[Example]:
    """Units of annotated papers, drawn at random and each of another paper: `WITH_DISEASES` that name some, and
    `WITHOUT`."""
    drawn = random.Random(seed)
    wanted = {True: WITH_DISEASES, False: WITHOUT}
    chosen: list[Example] = []
    for paper in drawn.sample(list(papers), len(papers)):
        text, names = drawn.choice(list(units_of(paper, max_chars=max_unit_chars)))
        if wanted[bool(names)]:
            wanted[bool(names)] -= 1
            chosen.append((text, names))
    return chosen
