"""The head starts from what the untouched base knows already."""

from pathlib import Path

import pytest
import torch

from training.backbone import load_backbone, load_tokenizer
from training.batches import TokenBatches
from training.config import TrainingConfig
from training.data.papers import LabelledPaper
from training.finetune import score
from training.probe import start_from_probe

from .conftest import save_base


@pytest.mark.parametrize("family", ["gemma", "bert"])
def test_before_any_training_step_the_head_tells_the_training_papers_apart(
    family: str, config: TrainingConfig, papers: list[LabelledPaper], tmp_path: Path
) -> None:
    base = save_base(tmp_path, family)
    tokenizer = load_tokenizer(base)
    batches = TokenBatches(papers, tokenizer, config.input, max_tokens=config.max_tokens, batch_tokens=64)
    model = load_backbone(base, config, pad_token_id=tokenizer.pad_token_id)

    start_from_probe(model, batches, seed=1)

    right = (score(model, batches) > 0) == (batches.targets > 0.5)
    assert right.float().mean(dim=0).min() > 0.8
    assert torch.isfinite(score(model, batches)).all()
