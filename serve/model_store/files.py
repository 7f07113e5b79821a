"""The few things the store does with files, each safe to be interrupted."""

import os
import shutil
from pathlib import Path


def link_or_copy(source: Path, target: Path) -> None:
    """Give `source` a second name, without a second copy of its bytes where the file system allows it."""
    real = source.resolve()
    try:
        os.link(real, target)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(real, target)


def sync(path: Path) -> None:
    """Force a file, or the names in a directory, to disk."""
    if os.name != "posix":
        return  # Windows can sync neither a directory nor a file opened for reading
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_tree(path: Path) -> None:
    """Remove a directory that may be in use or half gone; what cannot be removed now is left for the next time."""
    shutil.rmtree(path, ignore_errors=True)
