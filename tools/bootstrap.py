"""Make `.venv` hold exactly what a lock file says, and this repository's two packages. Standard library only.

    python3.11 tools/bootstrap.py cpu

One path for every machine: packages come from wherever the user's pip is set to look (index, extra indexes,
find-links, certificates). Only where that does not have the CPU build of torch is PyTorch's own index asked, after a
short probe, so that an index out of reach is a message and not a hang. Done twice, the second time takes no time.
"""

import ast
import hashlib
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

UV = "uv==0.13.9"
PYTHON_VERSION = (3, 11)
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_TIMEOUT_S = 10

PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}
"""uv reads none of pip's configuration."""

_SCOPES = ("global", "install", ":env:")
"""pip's, each over the ones before it; it lists what a user's file says under the same names."""


class SetupError(Exception):
    """Set-up cannot go on; the message says what to do."""


def bootstrap(profile: str) -> None:
    """Create or update `.venv` for a profile."""
    lock = ROOT / "requirements" / f"{profile}.lock"
    if not lock.is_file():
        known = ", ".join(sorted(path.stem for path in lock.parent.glob("*.lock")))
        raise SetupError(f"There is no lock file for {profile!r}; there is: {known}.")
    if sys.version_info[:2] != PYTHON_VERSION:
        wanted, found = ".".join(map(str, PYTHON_VERSION)), sys.version.split()[0]
        raise SetupError(f"Python {wanted} is needed and this is {found}; run `make PYTHON=/path/to/python{wanted} …`.")
    stamp, wanted_stamp = VENV / f"installed-{profile}", _fingerprint(lock)
    if stamp.is_file() and stamp.read_text() == wanted_stamp:
        return
    _say(f"installing {profile} into .venv")
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    _run([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV])
    environment = uv_environment()
    if torch := re.search(r"^torch==\S+\+cpu$", lock.read_text(), re.MULTILINE):
        _offer_torch(torch.group(), environment)
    _uv(["install", "--no-deps", "--compile-bytecode", "-r", str(lock)], environment)
    _uv(["install", "--no-deps", "-e", str(ROOT / "client"), "-e", str(ROOT)], environment)
    stamp.write_text(wanted_stamp)


def _fingerprint(lock: Path) -> str:
    parts = [lock, ROOT / "pyproject.toml", ROOT / "client" / "pyproject.toml"]
    return hashlib.sha256(b"\0".join(part.read_bytes() for part in parts)).hexdigest()


def uv_environment() -> dict[str, str]:
    """The environment for uv, with what the user has set for pip and not for uv."""
    environment, told = dict(os.environ), pip_options()
    for option, variable in PIP_TO_UV.items():
        if value := told.get(option):
            environment.setdefault(variable, ",".join(value.split()) if option == "find-links" else value)
    if extra := told.get("extra-index-url"):
        environment.setdefault("UV_INDEX", extra)
    # As pip does: the best version of all indexes. Every version is exact, so there is nothing to confuse.
    environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return environment


def pip_options() -> dict[str, str]:
    """What pip was told, by option."""
    # `pip config get` of some versions, Debian 12's among them, sees the user's file alone.
    command = [str(PYTHON), "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    told = {key: ast.literal_eval(value) for key, _, value in (line.partition("=") for line in listed.splitlines())}
    return {
        key.removeprefix(f"{scope}."): str(value)
        for scope in _SCOPES
        for key, value in told.items()
        if key.startswith(f"{scope}.")
    }


def _offer_torch(requirement: str, environment: dict[str, str]) -> None:
    """Make sure uv can find the CPU build of torch, from the user's own sources or else from PyTorch's index."""
    try:
        _uv(["install", "--no-deps", "--dry-run", "--quiet", requirement], environment, capture_output=True)
        return
    except subprocess.CalledProcessError:
        pass
    try:
        urllib.request.urlopen(f"{PYTORCH_CPU_INDEX}/torch/", timeout=PROBE_TIMEOUT_S).close()
    except (urllib.error.URLError, OSError) as error:
        raise SetupError(
            f"{requirement} is in none of the places pip looks, and {PYTORCH_CPU_INDEX} does not answer ({error}). "
            "Put its wheel in a directory and set PIP_FIND_LINKS to that directory."
        ) from None
    environment["UV_INDEX"] = " ".join(filter(None, [environment.get("UV_INDEX"), PYTORCH_CPU_INDEX]))


def _uv(arguments: list[str], environment: dict[str, str], *, capture_output: bool = False) -> None:
    command = [str(PYTHON), "-m", "uv", "pip", *arguments, "--python", str(PYTHON)]
    _run(command, env=environment, capture_output=capture_output)


def _run(command: list[str], **options: object) -> None:
    subprocess.run(command, check=True, cwd=ROOT, **options)  # type: ignore[call-overload]


def _say(message: str) -> None:
    print(f"pubserve set-up: {message}", flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        bootstrap(sys.argv[1] if len(sys.argv) > 1 else "cpu")
    except SetupError as error:
        sys.exit(f"pubserve set-up: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"pubserve set-up: `{' '.join(map(str, error.cmd[2:6]))} …` failed; what it printed is above.")
