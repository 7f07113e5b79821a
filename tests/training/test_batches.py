"""Batches of tokens: every paper once, similar lengths together, never more tokens than asked."""

from pathlib import Path

import pytest
import torch

from serve.classifier.input import ClassifierInput
from training.backbone import load_tokenizer
from training.batches import TokenBatches, only_item
from training.config import TrainingConfig
from training.data.papers import LabelledPaper

Papers = list[LabelledPaper]


@pytest.fixture(scope="module")
def batches(config: TrainingConfig, papers: Papers) -> TokenBatches:
    return TokenBatches(
        papers, load_tokenizer(Path(config.base)), ClassifierInput(suffix="?"), max_tokens=12, batch_tokens=40
    )


def test_every_paper_is_in_one_batch(batches: TokenBatches, papers: Papers) -> None:
    assert sorted(index for batch in batches.plan for index in batch) == list(range(len(papers)))


def test_a_batch_holds_padded_rows_and_a_target_per_category(batches: TokenBatches, papers: Papers) -> None:
    for index, chosen in enumerate(batches.plan):
        batch = batches[index]
        assert batch["input_ids"].shape == batch["attention_mask"].shape
        assert batch["input_ids"].numel() <= 40
        assert batch["labels"].tolist() == [[1.0, 0.0] if papers[i].label == "Cancer" else [0.0, 1.0] for i in chosen]


def test_long_papers_are_cut_and_end_with_the_suffix(batches: TokenBatches) -> None:
    longest = batches[0]
    ends = longest["attention_mask"].sum(dim=1) - 1
    question_mark = longest["input_ids"][torch.arange(len(ends)), ends]

    assert longest["input_ids"].shape[1] == 12
    assert len(set(question_mark.tolist())) == 1


def test_an_item_is_a_batch_already(batches: TokenBatches) -> None:
    assert only_item([batches[0]]).keys() == {"input_ids", "attention_mask", "labels"}
