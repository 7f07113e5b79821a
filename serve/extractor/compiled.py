"""What engines before this one left compiled on this node's disk: what is whole is used again, the rest is removed.

A compiler that is killed over its work leaves a file cut short where torch looks for a finished one, and every engine
that comes to the same code dies of loading it.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from serve.logs import log

COMPILED = (".so", ".o")

_ELF = b"\x7fELF"
_SECTIONS = struct.Struct("<40xQ10xHH2x")
"""Of a 64-bit header: where the table of sections begins, in bytes, how large an entry is, and how many there are."""


def caches() -> list[Path]:
    """The folders in which torch and vLLM keep what they compiled."""
    import vllm.envs
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    return [Path(cache_dir()), Path(vllm.envs.VLLM_CACHE_ROOT)]


def remove_broken(folders: Sequence[Path]) -> list[Path]:
    """Remove the files that were cut short, and say which they were: the next engine compiles them again."""
    return [file for folder in folders for file in _compiled(folder) if not is_whole(file) and _removed(file)]


def is_whole(file: Path) -> bool:
    """Whether compiled code is there to its end, where the table of its sections lies. Reads the header only."""
    try:
        with file.open("rb") as opened:
            header, size = opened.read(_SECTIONS.size), os.fstat(opened.fileno()).st_size
    except FileNotFoundError:
        return True  # another engine of this node removed it
    if len(header) < _SECTIONS.size or not header.startswith(_ELF):
        return False
    begins, entry_size, entries = _SECTIONS.unpack(header)
    return size >= begins + entry_size * entries


def _compiled(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.suffix in COMPILED)


def _removed(file: Path) -> bool:
    """Remove a file unless somebody is about to write it: another engine of this node may be starting, too.

    torch holds `locks/KEY.lock` while it compiles `KEY[:2]/KEY.main.so`.
    """
    locks = file.parents[1] / "locks"
    locks.mkdir(exist_ok=True)
    try:
        with FileLock(locks / f"{file.name.partition('.')[0]}.lock", timeout=0):
            file.unlink(missing_ok=True)
    except Timeout:
        return False
    log.warning("broken_code_removed", file=str(file))
    return True
