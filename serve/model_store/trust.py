"""Weights are data: nothing that comes with them runs.

Two things would: a pickle when it is loaded, and modules that a repository brings for an architecture of its own.
"""

from pathlib import Path
from typing import Any

from serve.model_store.errors import UnsafeModelError

DATA_ONLY: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
"""For every `from_pretrained`: it reads what lies on the disk, and imports nothing of it."""

SAFETENSORS_ONLY: dict[str, Any] = {**DATA_ONLY, "use_safetensors": True}
"""The same for weights."""

PICKLES = frozenset({".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})
"""What such files are called; PyTorch's own are zip archives around a pickle."""


def require_data_only(directory: Path) -> None:
    """Raise `UnsafeModelError` where a file of a model would be a pickle. None is opened."""
    pickles = sorted(path.name for path in directory.iterdir() if path.suffix.lower() in PICKLES)
    if pickles:
        raise UnsafeModelError(
            f"The model brings {', '.join(pickles)}: pickles run code of whoever wrote them when they are loaded.",
            "Take weights in safetensors or GGUF: convert what you trust with transformers' `save_pretrained`, or keep "
            "such files out of the model's source.",
        )
