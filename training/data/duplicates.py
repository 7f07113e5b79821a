"""Papers that are one paper, published twice or as a conference abstract first, told by the words they share."""

import re
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from datasketch import MinHash, MinHashLSH
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from serve.classifier.input import TitleAndAbstract

SHINGLE_WORDS = 3
PERMUTATIONS = 128
SIMILARITY = 0.5
"""Jaccard similarity of two papers' shingles from which they are taken for one. Two abstracts on one subject that
were written apart share a few per cent."""


class Identified(TitleAndAbstract, Protocol):
    """A paper that has an id."""

    @property
    def id(self) -> str: ...


Paper = TypeVar("Paper", bound=Identified)


def unlike(known: Sequence[Identified], papers: Sequence[Paper]) -> list[tuple[int, Paper]]:
    """The papers that are none of the known ones, neither by their id nor as a near-duplicate, each with the number of
    its group (`duplicate_groups`)."""
    groups = duplicate_groups([*known, *papers])
    taken, ids = set(groups[: len(known)]), {paper.id for paper in known}
    return [
        (group, paper)
        for group, paper in zip(groups[len(known) :], papers, strict=True)
        if group not in taken and paper.id not in ids
    ]


def duplicate_groups(papers: Sequence[TitleAndAbstract]) -> list[int]:
    """The number of each paper's group; papers that resemble each other, directly or through others, share one.

    MinHash signatures of word trigrams, banded so that only likely pairs are compared (Broder 1997; Leskovec,
    Rajaraman and Ullman, *Mining of Massive Datasets*, chapter 3). Case, punctuation and numbers' format do not count.
    """
    signatures = [_signature(paper) for paper in papers]
    index = MinHashLSH(threshold=SIMILARITY, num_perm=PERMUTATIONS)
    pairs: list[tuple[int, int]] = []
    for place, signature in enumerate(signatures):
        pairs += [
            (place, other) for other in index.query(signature) if signature.jaccard(signatures[other]) >= SIMILARITY
        ]
        index.insert(place, signature)
    rows, columns = np.array(pairs, dtype=int).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(papers), len(papers)))
    return [int(group) for group in connected_components(graph, directed=False)[1]]


def _signature(paper: TitleAndAbstract) -> Any:
    words = re.findall(r"\w+", (paper.abstract or paper.title).lower())
    last = max(1, len(words) - SHINGLE_WORDS + 1)
    signature = MinHash(num_perm=PERMUTATIONS)
    signature.update_batch({" ".join(words[i : i + SHINGLE_WORDS]).encode() for i in range(last)})
    return signature
