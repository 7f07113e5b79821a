"""How much of the machine a replica takes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from serve import hardware
from serve.hardware import available_cores, passes_at_once, resolve_dtype


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("cores", "share", "threads", "passes"),
    [(2, 1.0, 1, 2), (2, 0.5, 1, 1), (1, 0.5, 1, 1), (8, 0.5, 1, 4), (8, 0.01, 1, 1), (8, 1.0, 4, 2), (2, 0.5, 4, 1)],
)
def test_there_is_a_pass_for_every_so_many_cores_and_one_at_least(
    monkeypatch: pytest.MonkeyPatch, cores: int, share: float, threads: int, passes: int
) -> None:
    monkeypatch.setattr(hardware, "available_cores", lambda: cores)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert passes_at_once(share, threads=threads) == passes


@pytest.mark.parametrize(
    ("limit", "cores"),
    [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1), ("1600000 100000", 8)],
)
def test_a_container_has_the_cores_of_its_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(hardware, "CPU_LIMIT", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(f"{limit}\n", encoding="ascii")

    assert available_cores() == cores


def test_without_control_groups_there_are_the_cores_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(hardware, "CPU_LIMIT", tmp_path / "nowhere")

    assert available_cores() == 8


def test_a_gpu_does_one_pass_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    assert passes_at_once(1.0, threads=1) == 1


@pytest.mark.parametrize(("fast", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_auto_is_bfloat16_where_the_processor_has_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, fast: bool, dtype: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: fast)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)

    assert resolve_dtype("auto") == dtype
    assert resolve_dtype("float32") == "float32"
