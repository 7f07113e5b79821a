"""How two models share cores: side by side, one after the other, or each its part and all when the other rests."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch

from loadtest import placement
from loadtest.placement import MODELS, WAYS, Measured, Way, computing, table

Enter = Callable[[], AbstractContextManager[Any]]


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Way], tuple[Enter, Enter]]:
    """What each of two models enters for a pass, on a machine of eight cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(placement, "CORES", 8)
    turn = multiprocessing.get_context("spawn").Lock()
    return lambda way: (
        computing(way, "classifier", turn, tmp_path / "lock"),
        computing(way, "tagger", turn, tmp_path / "lock"),
    )


def threads(enter: Enter) -> int:
    before = torch.get_num_threads()
    try:
        with enter():
            return int(torch.get_num_threads())
    finally:
        torch.set_num_threads(before)


def test_side_by_side_each_has_its_threads_at_once(both: Callable[[Way], tuple[Enter, Enter]]) -> None:
    classifier, tagger = both(Way(classifier=3, tagger=8))

    with classifier():
        assert threads(tagger) == 8
    assert threads(classifier) == 3


@pytest.mark.parametrize("sharing", [placement.Sharing.TURNS, placement.Sharing.WHAT_IS_FREE])
def test_where_they_share_one_waits_for_the_pass_of_the_other(
    both: Callable[[Way], tuple[Enter, Enter]], sharing: placement.Sharing
) -> None:
    classifier, tagger = both(Way(classifier=8, tagger=8, sharing=sharing))

    with ThreadPoolExecutor() as pool:
        with classifier():
            waiting = pool.submit(threads, tagger)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
        assert waiting.result(timeout=60) == 8


def test_the_table_has_a_line_for_each_way() -> None:
    measured = {
        name: Measured(one_s=[0.5, 0.3], many_per_s=[2.0, 3.0], alone_per_s={model: [4.0, 5.0] for model in MODELS})
        for name in WAYS
    }

    shown = table(measured, count=16, rounds=2)

    assert list(shown.columns[0].cells) == list(WAYS)
    assert list(shown.columns[1].cells) == ["0.40 (0.30 to 0.50)"] * len(WAYS)
