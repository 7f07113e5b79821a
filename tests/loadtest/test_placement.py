"""How two models share cores: several passes of few threads, or few passes of several."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch

from loadtest.placement import MODELS, WAYS, Measured, Way, read, table


@dataclass
class Row:
    ids: list[int]


@pytest.mark.parametrize("way", [Way(passes=3, threads=1), Way(passes=1, threads=2)])
def test_as_many_passes_go_on_at_once_as_asked_each_in_its_threads(way: Way) -> None:
    together = threading.Barrier(way.passes)
    seen: list[tuple[int, int]] = []

    def predict(batch: Sequence[Row]) -> list[None]:
        seen.append((len(batch), torch.get_num_threads()))
        together.wait(timeout=30)
        return [None] * len(batch)

    read(predict, [Row([0] * 10) for _ in range(6)], way, max_batch_tokens=60)

    assert seen == [(6 // way.passes, way.threads)] * way.passes


def test_a_batch_stays_within_its_tokens() -> None:
    batches: list[int] = []

    def predict(batch: Sequence[Row]) -> list[None]:
        batches.append(len(batch))
        return [None] * len(batch)

    read(predict, [Row([0] * 10) for _ in range(7)], Way(passes=1, threads=1), max_batch_tokens=30)

    assert sorted(batches) == [1, 3, 3]


def test_the_table_has_a_line_for_each_way() -> None:
    measured = {
        name: Measured(one_s=[0.5, 0.3], many_per_s=[2.0, 3.0], alone_per_s={model: [4.0, 5.0] for model in MODELS})
        for name in WAYS
    }

    shown = table(measured, count=16, rounds=2)

    assert list(shown.columns[0].cells) == list(WAYS)
    assert list(shown.columns[1].cells) == ["0.40 (0.30 to 0.50)"] * len(WAYS)
