"""Shapes of load: what each is made of, as phases one after the other.

Closed-loop callers wait for their answer before they ask again, so that load gives way to a slow service. Open-loop
arrivals come whatever the service does, as those of the outside world, so that queueing shows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

STEPS_OF_RAMP = 8
SQUARES = 3
QUARTERS = 4


class Role(StrEnum):
    """What a phase is for."""

    PASSING = "passing"
    """On the way to something; shown, not judged."""
    BASELINE = "baseline"
    """What later goodput is compared with."""
    JUDGED = "judged"
    """Latencies and goodput have to hold."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of constant load: so many closed-loop callers, or open arrivals in their place.

    With `drains`, no new requests are made, and the phase ends when those under way have.
    """

    name: str
    seconds: float
    callers: int = 0
    role: Role = Role.PASSING
    open_loop: bool = False
    drains: bool = False


DRAIN = Phase("drain", 0, drains=True)


@dataclass(slots=True)
class Span:
    """A phase as it was run, in Unix time; the last one may still be open."""

    phase: Phase
    start_s: float
    end_s: float | None = None


class Shape(StrEnum):
    """The shapes by name."""

    STEADY = "steady"
    RAMP = "ramp"
    SPIKE = "spike"
    SQUARE = "square"
    SOAK = "soak"
    OVERLOAD = "overload"


def steady(callers: int, seconds: float) -> Sequence[Phase]:
    """The same load all the time: what the service does on an ordinary day."""
    return [Phase("start", 0.1 * seconds, callers), Phase("steady", 0.9 * seconds, callers, Role.JUDGED)]


def ramp(callers: int, seconds: float) -> Sequence[Phase]:
    """Ever more callers, step by step: where the knee is."""
    counts = sorted({max(1, round(callers * step / STEPS_OF_RAMP)) for step in range(1, STEPS_OF_RAMP + 1)})
    return [Phase(f"{count} callers", seconds / len(counts), count, Role.JUDGED) for count in counts]


def spike(callers: int, seconds: float) -> Sequence[Phase]:
    """A quarter of the callers, all of them for a fifth of the time, a quarter again: does the service recover?"""
    few = max(1, callers // 4)
    return [
        Phase("before", 0.3 * seconds, few, Role.BASELINE),
        Phase("spike", 0.2 * seconds, callers),
        Phase("settling", 0.1 * seconds, few),
        Phase("after", 0.4 * seconds, few, Role.JUDGED),
    ]


def square(callers: int, seconds: float) -> Sequence[Phase]:
    """Few callers and many in turns: what an autoscaler has to follow."""
    few, half = max(1, callers // 4), seconds / (2 * SQUARES)
    return [
        Phase(f"{level} {n}", half, count, Role.JUDGED)
        for n in range(1, SQUARES + 1)
        for level, count in (("low", few), ("high", callers))
    ]


def soak(callers: int, seconds: float) -> Sequence[Phase]:
    """Steady for long, told by quarters: does anything creep up?"""
    return [
        Phase("start", 0.04 * seconds, callers),
        *(
            Phase(f"quarter {n}", 0.24 * seconds, callers, Role.BASELINE if n == 1 else Role.JUDGED)
            for n in range(1, QUARTERS + 1)
        ),
    ]


def overload(callers: int, seconds: float) -> Sequence[Phase]:
    """The best goodput of closed-loop callers, in three steps, then arrivals at a multiple of it."""
    steps = [max(1, callers // 2), callers, 2 * callers]
    return [
        Phase("start", 0.06 * seconds, steps[0]),
        *(Phase(f"{count} callers", 0.14 * seconds, count, Role.BASELINE) for count in steps),
        DRAIN,
        Phase("filling", 0.12 * seconds, open_loop=True),
        Phase("overload", 0.4 * seconds, role=Role.JUDGED, open_loop=True),
    ]


_SHAPES: dict[Shape, Callable[[int, float], Sequence[Phase]]] = {
    Shape.STEADY: steady,
    Shape.RAMP: ramp,
    Shape.SPIKE: spike,
    Shape.SQUARE: square,
    Shape.SOAK: soak,
    Shape.OVERLOAD: overload,
}


def phases_of(shape: Shape, *, callers: int, seconds: float) -> list[Phase]:
    """The phases of a shape with so many callers at its height; all but the drains take `seconds` together.

    Every shape ends with a drain: what was accepted is to be answered, and is waited for.
    """
    return [*_SHAPES[shape](callers, seconds), DRAIN]


def description_of(shape: Shape) -> str:
    """One sentence about the shape."""
    return (_SHAPES[shape].__doc__ or "").strip()
