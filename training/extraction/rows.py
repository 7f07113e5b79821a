"""Annotated papers as batches of tagged tokens."""

from collections.abc import Sequence
from typing import Any

from serve.extractor.tagging import RowEncoder, tags
from training.batches import NO_LABEL, LabelledRows
from training.extraction.corpus import AnnotatedPaper


class TaggedBatches(LabelledRows):
    """The rows of papers; a token that begins a word has that word's tag, the others `NO_LABEL`."""

    def __init__(self, papers: Sequence[AnnotatedPaper], tokenizer: Any, *, max_tokens: int, batch_tokens: int) -> None:
        encoded = RowEncoder(tokenizer, max_tokens=max_tokens).encode([paper.document for paper in papers])
        rows = [(row, paper) for paper, of in zip(papers, encoded, strict=True) for row in of]
        all_labels = []
        for row, paper in rows:
            labels = [NO_LABEL] * len(row.ids)
            for word, tag in zip(row.words, tags(row, paper.places), strict=True):
                labels[word.token] = tag
            all_labels.append(labels)
        super().__init__([row.ids for row, _ in rows], all_labels, tokenizer, batch_tokens=batch_tokens)
