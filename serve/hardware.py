"""How to compute on this machine: in which type, and in how many threads."""

import contextlib
import math
import os
from pathlib import Path

CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds of processor time in so many microseconds, as Linux tells a container (control groups, version 2)."""


def resolve_dtype(requested: str) -> str:
    """`auto` is bfloat16 on a GPU or a CPU with instructions for it, else float32.

    Without AVX512-BF16 or AMX, bfloat16 is emulated: a forward pass of Gemma-3-270M took 3.6 times as long as in
    float32 on an AVX512-VNNI machine.
    """
    if requested != "auto":
        return requested
    import torch

    if torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported():
        return "bfloat16"
    return "float32"


def available_cores() -> int:
    """Cores that this process may compute on, a container's limit of processor time included; one at least."""
    cores = len(os.sched_getaffinity(0))
    with contextlib.suppress(OSError, ValueError):  # `max` where there is no limit
        quota, period = map(int, CPU_LIMIT.read_text(encoding="ascii").split())
        cores = min(cores, math.ceil(quota / period))
    return max(1, cores)


def passes_at_once(share_of_cores: float, *, threads: int) -> int:
    """How many forward passes of so many threads this share of the cores has room for; one at least.

    A GPU does one at a time: passes would only fight for it.
    """
    import torch

    if torch.cuda.is_available():
        return 1
    return max(1, round(share_of_cores * available_cores()) // threads)


def use_threads(threads: int) -> None:
    """Let torch compute in so many threads for whoever calls from this one.

    Each thread has to say so itself: matrix multiplication does not ask what another one said, and Ray sets it to the
    logical CPUs that a replica reserves.
    """
    import torch

    torch.set_num_threads(threads)
