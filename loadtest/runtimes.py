"""Runtimes beside torch that a classifier can run on, each a stand-in for its network. No part of the service.

They are measured by `loadtest.classifier`, and are the extra `runtimes` of `pyproject.toml`: nothing else needs them.
"""

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import torch

OPENVINO = ("openvino",)
ONNX_RUNTIME = ("onnx", "onnxruntime")
INSTALL = ".venv/bin/python -m uv pip install -r pyproject.toml --extra runtimes"

_INPUTS = ("input_ids", "attention_mask")
_EXAMPLE = torch.ones(2, 16, dtype=torch.int64)


class Network:
    """Answers as a network of transformers does: `logits` of shape (rows, labels) for rows of token ids."""

    def __init__(self, run: Callable[[Any, Any], Any]) -> None:
        self._run = run

    def __call__(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any) -> SimpleNamespace:
        return SimpleNamespace(logits=torch.from_numpy(self._run(input_ids.numpy(), attention_mask.numpy())))


class _LogitsAlone(torch.nn.Module):
    """What is traced has tensors as arguments and one as its result."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self._network = network

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._network(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


def missing(modules: Sequence[str]) -> list[str]:
    """Those that are not installed."""
    return [module for module in modules if find_spec(module) is None]


def openvino(network: Any) -> Network:
    """In float32, on as many threads as torch has: what OpenVINO would choose for itself is said, not left to it."""
    import openvino as ov

    model = ov.convert_model(_LogitsAlone(network), example_input=dict.fromkeys(_INPUTS, _EXAMPLE))
    options = {
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    compiled = ov.Core().compile_model(model, "CPU", options)
    return Network(lambda ids, mask: compiled([ids, mask])[0])


def onnx_runtime(network: Any) -> Network:
    """In float32, as exported."""
    with TemporaryDirectory() as folder:
        return _session(_exported(network, Path(folder)))


def onnx_runtime_int8(network: Any) -> Network:
    """Weights in 8 bits, a scale for each channel; activations quantised as they come."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with TemporaryDirectory() as folder:
        small = Path(folder) / "int8.onnx"
        quantize_dynamic(
            _exported(network, Path(folder)),
            small,
            per_channel=True,
            reduce_range=True,  # without VNNI, sums of two products of 8 bits do not fit 16
            weight_type=QuantType.QInt8,
        )
        return _session(small)


def _exported(network: Any, folder: Path) -> Path:
    path = folder / "float32.onnx"
    torch.onnx.export(
        _LogitsAlone(network),
        (_EXAMPLE, _EXAMPLE),
        path,
        input_names=list(_INPUTS),
        output_names=["logits"],
        dynamic_axes={name: {0: "rows", 1: "tokens"} for name in _INPUTS},
        dynamo=False,  # the other way needs onnxscript as well
    )
    return path


def _session(path: Path) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
    return Network(lambda ids, mask: session.run(None, dict(zip(_INPUTS, (ids, mask), strict=True)))[0])
