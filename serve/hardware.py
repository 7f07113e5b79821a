"""How to compute on this machine: in which type, and with how many threads."""

import os


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


def use_cores(share: float) -> None:
    """Let torch compute with one thread for each of this share of the machine's cores; with one at least.

    Said explicitly: Ray would give a replica as many threads as it reserves logical CPUs.
    """
    import torch

    torch.set_num_threads(max(1, round(share * len(os.sched_getaffinity(0)))))
