"""Shapes of load."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.load.shapes import Role, Shape, description_of, phases_of

SHAPES = st.sampled_from(list(Shape))


@given(SHAPES, st.integers(1, 500), st.integers(1, 100_000))
def test_phases_take_the_duration_and_end_with_a_drain(shape: Shape, callers: int, seconds: int) -> None:
    phases = phases_of(shape, callers=callers, seconds=seconds)
    assert sum(phase.seconds for phase in phases) == pytest.approx(seconds)
    assert phases[-1].drains
    assert any(phase.role is Role.JUDGED for phase in phases)


@given(SHAPES, st.integers(1, 500))
def test_every_phase_but_drains_has_load(shape: Shape, callers: int) -> None:
    for phase in phases_of(shape, callers=callers, seconds=60):
        assert phase.drains != (phase.open_loop or phase.callers >= 1)


def test_a_ramp_only_rises() -> None:
    counts = [phase.callers for phase in phases_of(Shape.RAMP, callers=40, seconds=80)[:-1]]
    assert counts == sorted(set(counts))
    assert counts[-1] == 40


def test_a_square_wave_goes_up_and_down_three_times() -> None:
    counts = [phase.callers for phase in phases_of(Shape.SQUARE, callers=20, seconds=60)[:-1]]
    assert counts == [5, 20] * 3


def test_a_spike_is_judged_by_what_comes_after_it() -> None:
    before, spike, settling, after, _ = phases_of(Shape.SPIKE, callers=20, seconds=60)
    assert (before.callers, spike.callers, settling.callers, after.callers) == (5, 20, 5, 5)
    assert (before.role, spike.role, after.role) == (Role.BASELINE, Role.PASSING, Role.JUDGED)


def test_overload_measures_what_it_multiplies_and_begins_with_an_idle_service() -> None:
    phases = phases_of(Shape.OVERLOAD, callers=10, seconds=100)
    first_open = next(n for n, phase in enumerate(phases) if phase.open_loop)
    assert [phase.callers for phase in phases if phase.role is Role.BASELINE] == [5, 10, 20]
    assert phases[first_open - 1].drains
    assert [phase.name for phase in phases if phase.role is Role.JUDGED] == ["overload"]


@pytest.mark.parametrize("shape", Shape)
def test_every_shape_is_described(shape: Shape) -> None:
    assert description_of(shape).endswith((".", "?"))
