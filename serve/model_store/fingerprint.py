"""From bytes to names: the revision of a model is a function of its content and of nothing else."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Raise it when the conversion writes something else from the same weights, so that old directories are not reused.
RECIPE = 1
REVISION_CHARS = 12


def sha256_of(path: Path) -> str:
    """The hexadecimal sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(root: Path, names: Iterable[str]) -> dict[str, str]:
    """sha256 by name for files below `root`. Shards are hashed side by side: hashing releases the interpreter lock."""
    ordered = sorted(names)
    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip(ordered, pool.map(lambda name: sha256_of(root / name), ordered), strict=True))


def revision_of(pins: Mapping[str, str], task: str, base: str = "") -> str:
    """Name a content: `pins` maps what identifies it (file names, say) to what fixes it (a sha256, a commit).

    Returns `REVISION_CHARS` hexadecimal digits. The order of `pins` does not matter; `base` is the revision an
    adapter sits on.
    """
    content = json.dumps({"recipe": RECIPE, "task": task, "base": base, "pins": dict(pins)}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:REVISION_CHARS]
