"""How the load moves with time: papers per second that callers send, whatever the service makes of them."""

import random
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float = Field(ge=0, description="Papers per second.")
    high: float = Field(ge=0, description="Papers per second.")


class Square(_Shape):
    """Low and high in turn, beginning low."""

    kind: Literal["square"] = "square"
    period_s: float = Field(gt=0, description="One low and one high half.")

    def at(self, now_s: float) -> float:
        return self.high if now_s % self.period_s >= self.period_s / 2 else self.low

    def changes(self, for_s: float) -> int:
        """How often a perfect autoscaler changes direction: up with each high half, down with each low one."""
        return max(0, int(2 * for_s / self.period_s) - 1)


class Spike(_Shape):
    """Low, but for one short time."""

    kind: Literal["spike"] = "spike"
    begins_s: float = Field(gt=0)
    lasts_s: float = Field(gt=0)

    def at(self, now_s: float) -> float:
        return self.high if self.begins_s <= now_s < self.begins_s + self.lasts_s else self.low

    def changes(self, for_s: float) -> int:
        return sum(moment < for_s for moment in (self.begins_s, self.begins_s + self.lasts_s))


class Ramp(_Shape):
    """From low to high and back, evenly."""

    kind: Literal["ramp"] = "ramp"
    period_s: float = Field(gt=0, description="Up and down.")

    def at(self, now_s: float) -> float:
        along = now_s % self.period_s / self.period_s
        return self.low + (self.high - self.low) * (1 - abs(2 * along - 1))

    def changes(self, for_s: float) -> int:
        return max(1, int(2 * for_s / self.period_s))


Shape = Annotated[Square | Spike | Ramp, Field(discriminator="kind")]


def shapes(low: float, high: float, *, period_s: float = 1200.0) -> Mapping[str, Shape]:
    """The three loads that autoscaling is tried with."""
    return {
        "square": Square(low=low, high=high, period_s=period_s),
        "spike": Spike(low=low, high=high, begins_s=period_s / 4, lasts_s=period_s / 10),
        "ramp": Ramp(low=low, high=high, period_s=2 * period_s),
    }


def arrivals(
    rate: Callable[[float], float], units: int, *, for_s: float, seed: int = 0, step_s: float = 0.05
) -> list[float]:
    """When requests of so many units are sent: a Poisson process of the rate (units per second) of the moment."""
    chance = random.Random(seed)
    moments, due, wanted = [], 0.0, chance.expovariate(1.0)
    for step in range(int(for_s / step_s)):
        due += rate(step * step_s) * step_s / units
        while due >= wanted:
            wanted += chance.expovariate(1.0)
            moments.append(step * step_s)
    return moments
