"""Programs that tests need beside Python packages: found on the machine, or installed where that is allowed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

INSTALL_TIMEOUT_S = 300
_ONE_AT_A_TIME = Path(tempfile.gettempdir()) / "pubserve-tests-install.lock"
"""apt-get refuses while another one runs, as in a process of tests beside this one."""


def program(name: str, *, package: str) -> str:
    """Path of a program; Debian's package of it is installed where tests run as root, as they do in CI.

    Fails the test, saying what to install, where it is not there and cannot be.
    """
    found = shutil.which(name)
    if found is None:
        install(package)
        found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not here; install Debian's package {package}, or what carries it on this system.")
    return found


def install(package: str) -> None:
    """Debian's package, where that is allowed; otherwise nothing."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        with FileLock(_ONE_AT_A_TIME):
            for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
                subprocess.run(["apt-get", *command], env=environment, capture_output=True, timeout=INSTALL_TIMEOUT_S)
