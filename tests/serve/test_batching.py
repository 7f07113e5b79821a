"""Batches stay within their budget of tokens, lose no text and waste little on padding."""

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.batching import PASS_SHARE, padding_share, plan_batches, plan_least_work

lengths = st.lists(st.integers(min_value=1, max_value=600), max_size=60)


def is_within(batch: Sequence[int], lengths: Sequence[int], budget: int) -> bool:
    return len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget


@pytest.mark.parametrize("plan", [plan_batches, plan_least_work])
@given(lengths=lengths, budget=st.integers(min_value=1, max_value=2048))
def test_every_text_is_in_exactly_one_batch_within_the_budget(plan: Any, lengths: list[int], budget: int) -> None:
    batches = list(plan(lengths, max_batch_tokens=budget))

    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(is_within(batch, lengths, budget) for batch in batches)


def test_texts_of_like_length_share_a_batch() -> None:
    assert list(plan_batches([10, 300, 12, 310], max_batch_tokens=620)) == [[3, 1], [2, 0]]


@given(st.lists(st.integers(min_value=1, max_value=60), max_size=9), st.integers(min_value=1, max_value=200))
def test_no_other_plan_has_less_to_compute(lengths: list[int], budget: int) -> None:
    def work(batches: Iterable[list[int]]) -> float:
        return sum(len(batch) * max(lengths[i] for i in batch) + budget * PASS_SHARE for batch in batches)

    in_order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    cuts = [cut for many in range(len(lengths)) for cut in combinations(range(1, len(lengths)), many)]
    plans = [[in_order[start:end] for start, end in pairwise((0, *cut, len(lengths)))] for cut in cuts]
    allowed = [plan for plan in plans if all(is_within(batch, lengths, budget) for batch in plan)]

    least = min(map(work, allowed), default=0.0)

    assert work(plan_least_work(lengths, max_batch_tokens=budget)) == pytest.approx(least)


def test_a_batch_is_not_filled_with_padding() -> None:
    lengths = [300, 100, 100, 20, 20, 20]

    assert list(plan_least_work(lengths, max_batch_tokens=2048)) == [[0], [1, 2], [3, 4, 5]]
    assert list(plan_batches(lengths, max_batch_tokens=2048)) == [[0, 1, 2, 3, 4, 5]]


def test_the_padding_share_is_what_padding_adds() -> None:
    assert padding_share([100, 100]) == 0
    assert padding_share([100, 50]) == 0.25
