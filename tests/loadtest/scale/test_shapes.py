"""Loads over time, and the requests that they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.scale.shapes import Ramp, Shape, Spike, Square, arrivals


@pytest.mark.parametrize(
    ("shape", "moments"),
    [
        (Square(low=1, high=9, period_s=100), {0: 1, 49: 1, 50: 9, 99: 9, 100: 1}),
        (Spike(low=1, high=9, begins_s=30, lasts_s=10), {0: 1, 30: 9, 39: 9, 40: 1}),
        (Ramp(low=1, high=9, period_s=100), {0: 1, 25: 5, 50: 9, 75: 5, 100: 1}),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_shape_is_known_by_its_moments(shape: Shape, moments: dict[int, float]) -> None:
    assert {moment: shape.at(moment) for moment in moments} == moments


@pytest.mark.parametrize(
    ("shape", "changes"),
    [
        (Square(low=1, high=9, period_s=100), 3),  # up, down, up
        (Spike(low=1, high=9, begins_s=30, lasts_s=10), 2),
        (Ramp(low=1, high=9, period_s=100), 4),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_perfect_autoscaler_turns_with_the_load(shape: Shape, changes: int) -> None:
    assert shape.changes(200) == changes


@given(rate=st.floats(0.5, 200), units=st.integers(1, 64), seed=st.integers(0, 1000))
def test_requests_bring_the_units_of_the_rate(rate: float, units: int, seed: int) -> None:
    moments = arrivals(lambda _: rate, units, for_s=200, seed=seed)

    expected = rate * 200 / units
    assert moments == sorted(moments)
    assert abs(len(moments) - expected) <= 6 * expected**0.5 + 1  # six standard deviations of a Poisson count


def test_nothing_is_sent_at_a_rate_of_zero() -> None:
    assert arrivals(lambda _: 0.0, 16, for_s=100) == []
