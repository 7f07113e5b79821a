"""How likely the words of a name must be diseases, chosen by what comes out on development papers."""

from collections.abc import Sequence

from pubserve.contract import Mention
from serve.extractor.normalisation import Normaliser
from serve.extractor.support import Support, resolve_tags
from serve.extractor.tagging import TaggedRow
from training.extraction.corpus import AnnotatedPaper
from training.extraction.scores import document_score, mention_score, places_of

CANDIDATES = tuple(round(0.3 + 0.05 * step, 2) for step in range(14))


def choose_support(
    tagged: Sequence[Sequence[TaggedRow]], papers: Sequence[AnnotatedPaper], normaliser: Normaliser
) -> tuple[Support, dict[str, float]]:
    """The threshold with the best mean of F1 by mention and by document, and that mean for every threshold.

    Args:
        tagged: the rows of each paper.
    """
    means = {}
    for threshold in CANDIDATES:
        places = [places_of(of) for of in served(tagged, papers, normaliser, Support(threshold=threshold))]
        means[threshold] = (mention_score(places, papers).f1 + document_score(places, papers).f1) / 2
    best = max(CANDIDATES, key=means.__getitem__)
    return Support(threshold=best), {str(threshold): round(mean, 4) for threshold, mean in means.items()}


def served(
    tagged: Sequence[Sequence[TaggedRow]], papers: Sequence[AnnotatedPaper], normaliser: Normaliser, support: Support
) -> list[list[Mention]]:
    """What the service would answer for each paper."""
    return [
        resolve_tags(rows, paper.document, support, normaliser).mentions
        for rows, paper in zip(tagged, papers, strict=True)
    ]
