"""What an adapter directory holds: PEFT's two files, and small JSON files of ours that travel with the weights."""

from pathlib import Path

from serve.model_store.errors import AdapterError

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
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
    """Small JSON files that belong to the adapter, such as `head.json` and `calibration.json`."""
    candidates = (path for path in sorted(adapter.glob("*.json")) if path.name != ADAPTER_CONFIG)
    return [path for path in candidates if path.stat().st_size <= SMALL_FILE_BYTES]
