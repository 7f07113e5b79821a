"""How much of the machine a replica takes."""

import os
from collections.abc import Iterator

import pytest
import torch

from serve.hardware import passes_at_once, resolve_dtype


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
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    assert passes_at_once(share, threads=threads) == passes
    assert torch.get_num_threads() == threads


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
