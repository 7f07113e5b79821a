"""The head is trained in a form that starts even, sees what differs between texts, and ends as an ordinary head."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft.utils import ModulesToSaveWrapper
from torch import nn

from training.backbone import load_backbone, load_tokenizer
from training.batches import TokenBatches
from training.config import TrainingConfig
from training.data.papers import LabelledPaper
from training.finetune import score
from training.head import condition, settle

from .conftest import save_base


@pytest.fixture(params=["gemma", "bert"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return save_base(tmp_path, request.param)


@pytest.fixture
def batches(base: Path, config: TrainingConfig, papers: list[LabelledPaper]) -> TokenBatches:
    return TokenBatches(papers, load_tokenizer(base), config.input, max_tokens=config.max_tokens, batch_tokens=64)


@pytest.fixture
def model(base: Path, config: TrainingConfig, batches: TokenBatches) -> Any:
    model = load_backbone(base, config, pad_token_id=load_tokenizer(base).pad_token_id)
    condition(model, batches)
    return model


def head_of(model: Any) -> nn.Linear:
    (wrapper,) = [part for part in model.modules() if isinstance(part, ModulesToSaveWrapper)]
    head = wrapper.modules_to_save["default"]
    assert isinstance(head, nn.Linear)
    return head


def train_head_at_random(model: Any) -> None:
    torch.manual_seed(1)
    trained = head_of(model).parametrizations["weight"].original
    with torch.no_grad():
        trained.normal_()


def test_before_training_no_paper_scores_above_another(model: Any, batches: TokenBatches) -> None:
    assert torch.equal(score(model, batches), torch.zeros(len(batches.targets), 2))


def test_what_all_texts_have_in_common_moves_no_score(model: Any) -> None:
    train_head_at_random(model)
    head = head_of(model)
    common = head.parametrizations["weight"][0].common

    assert common.norm().item() == pytest.approx(1)
    assert (head.weight @ common).norm() < 1e-5 * head.weight.norm()


def test_settling_leaves_an_ordinary_head_with_the_same_answers(model: Any, batches: TokenBatches) -> None:
    train_head_at_random(model)
    before = score(model, batches)

    settle(model)

    assert type(head_of(model)) is nn.Linear
    assert torch.allclose(score(model, batches), before, atol=1e-5)
    assert before.std() > 0
