"""Annotated papers become batches whose labels are the tags of words."""

import torch

from tests.serve.extractor.word_pieces import VOCABULARY, word_pieces
from training.batches import NO_LABEL
from training.extraction.corpus import AnnotatedPaper, Annotation
from training.extraction.rows import TaggedBatches

TOKENIZER = word_pieces()


def batches(papers: list[AnnotatedPaper], *, batch_tokens: int = 1000) -> TaggedBatches:
    return TaggedBatches(papers, TOKENIZER, max_tokens=32, batch_tokens=batch_tokens)


def test_the_first_token_of_a_word_has_its_tag_and_no_other_token_has_one() -> None:
    paper = AnnotatedPaper("1", "in lung zo", "", (Annotation("title", 3, 10, "lung zo"),))

    batch = batches([paper])[0]

    assert TOKENIZER.convert_ids_to_tokens(batch["input_ids"][0]) == ["[CLS]", "in", "lung", "z", "##o", "[SEP]"]
    assert batch["labels"].tolist() == [[NO_LABEL, 0, 1, 2, NO_LABEL, NO_LABEL]]


def test_padding_is_read_by_nothing(papers: list[AnnotatedPaper]) -> None:
    batch = batches(papers[:8])[0]

    padding = batch["input_ids"] == VOCABULARY["[PAD]"]
    assert padding.any()
    assert torch.equal(padding, batch["attention_mask"] == 0)
    assert (batch["labels"][padding] == NO_LABEL).all()


def test_every_annotation_is_in_the_labels_once(papers: list[AnnotatedPaper]) -> None:
    planned = batches(papers, batch_tokens=64)

    begun = sum(int((planned[index]["labels"] == 1).sum()) for index in range(len(planned)))

    assert begun == sum(len(paper.annotations) for paper in papers)
    assert all(planned[i]["input_ids"].numel() <= 64 for i in range(len(planned)))
    assert planned.tokens == sum(int(planned[i]["attention_mask"].sum()) for i in range(len(planned)))
