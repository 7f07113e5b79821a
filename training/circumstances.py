"""What a figure cannot be read without: the machine, the versions, the command."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import torch

LIBRARIES = ("torch", "transformers", "peft", "scikit-learn")


def machine() -> str:
    """The processor or GPU, as a report names it."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{len(os.sched_getaffinity(0))} cores, {_cpu_name()}, {torch.backends.cpu.get_cpu_capability()}"


def circumstances(*, data: str, split: str, seed: int) -> dict[str, str]:
    """The head of a report. `data` says which papers and how many."""
    return {
        "machine": machine(),
        "data": data,
        "split": split,
        "seed": str(seed),
        "versions": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "command": " ".join(["python -m training", *sys.argv[1:]]),
    }


def _cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
