"""Two models of a machine: each its half, and all cores when the other rests."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from loadtest.cores import Cores


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def halves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[Cores, Cores]:
    """Two models of a machine with eight cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    return Cores(0.5, tmp_path / "lock"), Cores(0.5, tmp_path / "lock")


def threads_of(cores: Cores) -> int:
    """What torch has in a forward pass of one of them."""
    with cores.taken():
        return int(torch.get_num_threads())


def test_a_model_has_all_cores_while_the_other_rests(halves: tuple[Cores, Cores]) -> None:
    one, other = halves

    assert [threads_of(one), threads_of(other), threads_of(one)] == [8] * 3


def test_one_that_comes_while_the_other_has_all_cores_waits_for_the_end_of_its_pass(
    halves: tuple[Cores, Cores],
) -> None:
    one, other = halves
    with ThreadPoolExecutor() as pool:
        with one.taken() as threads:
            waiting = pool.submit(threads_of, other)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
            assert threads == 8
        assert waiting.result(timeout=60) == 8


def test_beside_a_model_with_its_share_one_has_its_own(halves: tuple[Cores, Cores], tmp_path: Path) -> None:
    one, _ = halves
    with (tmp_path / "lock").open() as beside:
        fcntl.flock(beside, fcntl.LOCK_SH)  # as one that came while another had a pass
        assert threads_of(one) == 4
    assert threads_of(one) == 8


def test_a_pass_that_fails_gives_the_cores_back(halves: tuple[Cores, Cores]) -> None:
    one, other = halves
    with pytest.raises(RuntimeError), one.taken():
        raise RuntimeError("out of memory")

    assert threads_of(other) == 8


def test_a_model_that_is_killed_gives_the_cores_back(halves: tuple[Cores, Cores], tmp_path: Path) -> None:
    holds = "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print('held'); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-uc", holds, tmp_path / "lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        process.kill()

    assert threads_of(halves[0]) == 8
