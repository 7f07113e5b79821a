"""The file of keys: YAML or JSON, as it is written by `pubserve keys` and mounted from a Kubernetes Secret."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from serve.keys.key import Key

LOCK_TIMEOUT_S = 10.0
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast where PyYAML has it: the service reads the file between two requests, 0.2 s for a thousand keys."""


class KeyFileError(Exception):
    """The file of keys cannot be used; the message says why, `hint` what to do, and neither says what is in it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")

    keys: list[Key] = []

    @field_validator("keys")
    @classmethod
    def _ids_are_unique(cls, keys: list[Key]) -> list[Key]:
        counts = Counter(key.id for key in keys)
        if twice := sorted(key_id for key_id, count in counts.items() if count > 1):
            raise ValueError(f"the ids {', '.join(twice)} stand for several keys")
        return keys


def read_keys(path: Path) -> list[Key]:
    """The keys of a file, in its order.

    Raises:
        KeyFileError: it is not there, or not a file of keys.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _LOADER)
        return _Content.model_validate(content or {}).keys
    except OSError as error:
        hint = "Make it with `pubserve keys new`, or correct PUBSERVE_KEYS__FILE."
        raise KeyFileError(f"The file of keys {path} cannot be read: {error.strerror}.", hint) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        problem = f"The file of keys {path} is wrong at {where}: {first['msg']}."
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = f"The file of keys {path} is not YAML in UTF-8{f', at line {mark.line + 1}' if mark else ''}."
    raise KeyFileError(problem, "It holds one list, `keys`, as `pubserve keys new` writes it.")


@contextmanager
def changing(path: Path) -> Iterator[list[Key]]:
    """The keys of a file, empty if there is none yet, to be changed in place; written when the block ends well.

    Two that change it at the same time wait for each other.

    Raises:
        KeyFileError: it cannot be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=LOCK_TIMEOUT_S)
        with lock:
            keys = read_keys(path) if path.exists() else []
            yield keys
            _write(path, keys)
    except OSError as error:  # a lock that others keep is one, too
        reason = error.strerror or "another process is changing it"
        raise KeyFileError(f"The file of keys {path} cannot be written: {reason}.", "Name another one.") from None


def _write(path: Path, keys: list[Key]) -> None:
    """Replace the file in one step, so that a service reads the old or the new one; for its owner alone to read."""
    content = {"keys": [key.model_dump(mode="json", exclude_defaults=True) for key in keys]}
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yaml.safe_dump(content, file, sort_keys=False)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
