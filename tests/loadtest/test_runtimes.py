"""A network on another runtime says what it says on torch, whatever the shape of the batch."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import BertConfig

from loadtest import runtimes
from serve.model_store.sequence_classifiers import MeanPooledBert

ROWS, TOKENS = 3, 40


@pytest.fixture
def network() -> Any:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=64, num_labels=2,
    )  # fmt: skip
    return MeanPooledBert(config).eval()


def on_runtime(change: Callable[[Any], Any], needs: tuple[str, ...], tolerance: float) -> Any:
    missing = runtimes.missing(needs)
    return pytest.param(change, tolerance, marks=pytest.mark.skipif(bool(missing), reason=f"not installed: {missing}"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("change", "tolerance"),
    [
        on_runtime(runtimes.openvino, runtimes.OPENVINO, 1e-5),
        on_runtime(runtimes.onnx_runtime, runtimes.ONNX_RUNTIME, 1e-5),
        on_runtime(runtimes.onnx_runtime_int8, runtimes.ONNX_RUNTIME, 0.05),
    ],
)
def test_answers_are_those_of_torch(network: Any, change: Callable[[Any], Any], tolerance: float) -> None:
    ids = torch.randint(1, 30, (ROWS, TOKENS))
    mask = torch.ones_like(ids)
    mask[1, TOKENS // 2 :] = 0  # a row that is padded

    with torch.inference_mode():
        expected = network(input_ids=ids, attention_mask=mask).logits
        found = change(network)(input_ids=ids, attention_mask=mask).logits

    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=0)


def test_what_is_not_installed_is_named() -> None:
    assert runtimes.missing(["torch", "no_such_runtime"]) == ["no_such_runtime"]
