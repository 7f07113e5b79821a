"""Frozen layers run once per text, and the answer is the same as if they ran each time."""

from pathlib import Path
from typing import Any

import pytest
import torch

from training.backbone import load_backbone, load_tokenizer
from training.config import TrainingConfig
from training.frozen_prefix import FrozenPrefix, Remembered, find_layers

from .conftest import LAYERS, save_base

BATCH = {
    "input_ids": torch.tensor([[3, 4, 5, 6, 7], [8, 9, 10, 0, 0]]),
    "attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
}
OTHER = {"input_ids": torch.tensor([[8, 9, 10]]), "attention_mask": torch.tensor([[1, 1, 1]])}


@pytest.fixture(params=["gemma", "phi", "bert"])
def model(request: pytest.FixtureRequest, config: TrainingConfig, tmp_path: Path) -> Any:
    base = save_base(tmp_path, request.param)
    plain = config.model_copy(update={"base": str(base), "lora": config.lora.model_copy(update={"first_layer": 0})})
    return load_backbone(base, plain, pad_token_id=load_tokenizer(base).pad_token_id).eval()


def count_runs(layer: torch.nn.Module) -> list[int]:
    runs: list[int] = []
    layer.register_forward_hook(lambda *_: runs.append(1))
    return runs


@torch.no_grad()
def test_remembered_states_give_the_same_answer(model: Any) -> None:
    expected, expected_other = model(**BATCH).logits, model(**OTHER).logits
    lowest = count_runs(find_layers(model)[0])
    FrozenPrefix(model, 2)

    torch.testing.assert_close(model(**BATCH).logits, expected)
    assert len(lowest) == 1
    torch.testing.assert_close(model(**BATCH).logits, expected)
    torch.testing.assert_close(model(**OTHER).logits, expected_other)  # one row of the batch, without its padding
    assert len(lowest) == 1


@torch.no_grad()
def test_another_run_over_the_same_texts_need_not_run_them_again(config: TrainingConfig) -> None:
    remembered = Remembered()
    first, second = (
        load_backbone(Path(config.base), config, pad_token_id=0, remembered=remembered).eval() for _ in range(2)
    )
    second.load_state_dict(first.state_dict())  # the same head
    lowest = count_runs(find_layers(second)[0].layer)

    torch.testing.assert_close(second(**BATCH).logits, first(**BATCH).logits)
    assert len(lowest) == 1
    torch.testing.assert_close(first(**OTHER).logits, second(**OTHER).logits)
    assert len(lowest) == 1


@torch.no_grad()
def test_padding_may_be_on_either_side(config: TrainingConfig) -> None:
    """Tokenizers of decoders pad on the left, and a text is known again wherever it stood."""
    model = load_backbone(Path(config.base), config, pad_token_id=0).eval()
    on_the_left = {name: torch.stack([rows[0], rows[1].roll(2)]) for name, rows in BATCH.items()}
    expected = model(**on_the_left).logits

    torch.testing.assert_close(model(**on_the_left).logits, expected)
    torch.testing.assert_close(model(**BATCH).logits, expected)
    torch.testing.assert_close(model(**OTHER).logits, expected[1:])


@torch.no_grad()
def test_one_text_that_is_new_runs_the_layers_again(model: Any) -> None:
    lowest = count_runs(find_layers(model)[0])
    FrozenPrefix(model, 2)
    model(**OTHER)

    model(**BATCH)

    assert len(lowest) == 2


def test_frozen_layers_are_not_differentiated_through(model: Any) -> None:
    FrozenPrefix(model, 2)

    model.train()(**BATCH).logits.sum().backward()

    layers = find_layers(model)
    assert not any(weights.grad is not None for layer in layers[:2] for weights in layer.parameters())
    assert any(weights.grad is not None for weights in layers[2].parameters())


def test_without_frozen_layers_nothing_changes(model: Any) -> None:
    before = list(find_layers(model))

    FrozenPrefix(model, 0)

    assert list(find_layers(model)) == before
    assert len(before) == LAYERS
