"""Whose time a flame graph shows."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from loadtest.bench.profiling import NoProfiler, find


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)  # Ingress"]) as process:
        yield process
        process.kill()


def test_a_process_is_found_by_a_part_of_its_title(child: subprocess.Popen[bytes]) -> None:
    assert find(os.getpid(), "# Ingress") == child.pid


def test_a_title_that_no_process_has_is_an_error_that_names_it(child: subprocess.Popen[bytes]) -> None:
    with pytest.raises(NoProfiler, match="No process is called 'NobodyIsCalledSo'"):
        find(os.getpid(), "NobodyIsCalledSo")
