"""What an adapter directory holds: PEFT's two files, and small JSON files of ours that travel with the weights."""

import json
from pathlib import Path

from serve.model_store.errors import AdapterError

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
LABELS_FILE = "labels.json"
SMALL_FILE_BYTES = 1 << 20


def adapter_files(adapter: Path) -> list[Path]:
    """The files that make the adapter what it is: its weights, its configuration and what is carried along.

    Raises `AdapterError` where one of the first two is missing.
    """
    required = [adapter / ADAPTER_CONFIG, adapter / ADAPTER_WEIGHTS]
    for path in required:
        if not path.is_file():
            raise AdapterError(
                f"The adapter {adapter} has no {path.name}.",
                "Train or download the adapter first, or correct its path in the catalogue.",
            )
    return required + adapter_extras(adapter)


def adapter_extras(adapter: Path) -> list[Path]:
    """Small JSON files that belong to the adapter, such as `labels.json` and `calibration.json`."""
    candidates = (path for path in sorted(adapter.glob("*.json")) if path.name != ADAPTER_CONFIG)
    return [path for path in candidates if path.stat().st_size <= SMALL_FILE_BYTES]


def read_labels(adapter: Path) -> list[str]:
    """The label names of a classification adapter, in the order of its scores. Raises `AdapterError`."""
    try:
        labels = json.loads((adapter / LABELS_FILE).read_text(encoding="utf-8"))["labels"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AdapterError(
            f"{adapter / LABELS_FILE} cannot be read: {error}.", 'It must hold {"labels": ["first", "second", ...]}.'
        ) from error
    if not (isinstance(labels, list) and labels and all(isinstance(label, str) for label in labels)):
        raise AdapterError(f"{adapter / LABELS_FILE} must hold a list of label names, not {labels!r}.")
    return labels
