"""What can go wrong between a model's name and a directory of weights.

    ModelStoreError
    ├── CatalogError              the catalogue is wrong, or has no such model
    ├── WeightsUnavailableError   not in the cache, and its source cannot be reached
    ├── DamagedModelError         the bytes are not the ones that were pinned
    ├── UnsafeModelError          a file of the model would run code when it is loaded
    ├── AdapterError              the adapter is missing, incomplete, or made for another base
    ├── ConversionError           the weights are right, but could not be read or written as a model
    └── StorageError              the cache is full, read-only, or locked

Each carries a `hint`: what the reader can do about it.
"""

import errno
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT}
_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}


class ModelStoreError(Exception):
    """The root of this package's errors. `str(error)` says what happened, `error.hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class CatalogError(ModelStoreError):
    """The catalogue cannot be read, contradicts itself, or does not know the name."""


class WeightsUnavailableError(ModelStoreError):
    """The weights are not in the cache and could not be fetched."""


class DamagedModelError(ModelStoreError):
    """A file differs from what was pinned, or a part of the model is missing."""


class UnsafeModelError(ModelStoreError):
    """A file of the model is one that runs code when it is loaded."""


class AdapterError(ModelStoreError):
    """The adapter directory is missing, incomplete, or does not fit its base model."""


class ConversionError(ModelStoreError):
    """The weights could not be turned into a transformers directory."""


class StorageError(ModelStoreError):
    """The cache directory cannot be used: full, not writable, or locked for too long."""


def storage_problem(error: BaseException, where: Path) -> StorageError | None:
    """The `StorageError` that `error` amounts to, or None where the disk is not to blame."""
    number = error.errno if isinstance(error, OSError) else None
    # The safetensors writer and pip report a full disk as text only.
    if number in _FULL or "No space left on device" in str(error):
        return StorageError(
            f"The disk is full while writing below {where}.",
            "Free some space, run `pubserve-models prune`, or set PUBSERVE_CACHE_DIR to a larger disk.",
        )
    if number in _UNWRITABLE:
        return StorageError(
            f"The cache {where} cannot be written: {error}.",
            "Set PUBSERVE_CACHE_DIR to a directory you may write to, or prepare the models beforehand as its owner.",
        )
    return None
