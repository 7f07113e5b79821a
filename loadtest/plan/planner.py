"""From a workload and speeds to replicas, machines, hours and money. Pure arithmetic."""

import math

from pydantic import BaseModel, ConfigDict, Field

from loadtest.plan.inputs import Lengths, Machine, Speed, Speeds, Workload

SECONDS_PER_HOUR = 3600.0


class Stage(BaseModel):
    """One model in a plan."""

    model_config = ConfigDict(frozen=True)

    replicas: int
    papers_per_s: float = Field(description="Of all its replicas.")
    tokens: float = Field(description="Read in all.")
    utilisation: float = Field(description="Share of the hours of work in which its replicas are busy, in (0, 1].")


class Plan(BaseModel):
    """What it takes. `hours` counts the start of the replicas; every machine is paid for all of them."""

    model_config = ConfigDict(frozen=True)

    classifier: Stage
    extractor: Stage
    machines: int
    hours: float
    money: float
    currency: str
    bound_by: str = Field(description="The model that sets the pace.")


class Impossible(ValueError):
    """No number of machines meets the deadline."""


def plan(workload: Workload, speeds: Speeds, machine: Machine) -> Plan:
    """The fewest replicas that meet the deadline, on as few machines as hold them.

    Raises:
        Impossible: the replicas take as long to start as there is time.
    """
    start_s = max(speeds.classifier.start_s, speeds.extractor.start_s)
    work_s = workload.deadline_h * SECONDS_PER_HOUR - start_s
    if work_s <= 0:
        raise Impossible(f"replicas take {start_s:.0f} s to start: allow more than {start_s / 3600:.2f} h")
    rates = {
        name: papers_per_s(speeds, speed, workload.lengths)
        for name, speed in (("classifier", speeds.classifier), ("extractor", speeds.extractor))
    }
    needed = workload.papers / work_s
    replicas = {name: max(1, _ceil(needed / rate)) for name, rate in rates.items()}
    pace = {name: rates[name] * replicas[name] for name in rates}
    slowest = min(pace, key=lambda name: pace[name])
    hours = (workload.papers / pace[slowest] + start_s) / SECONDS_PER_HOUR
    machines = machines_for(
        (speeds.classifier.share_of_machine, replicas["classifier"]),
        (speeds.extractor.share_of_machine, replicas["extractor"]),
    )

    def stage(name: str, speed: Speed) -> Stage:
        return Stage(
            replicas=replicas[name],
            papers_per_s=pace[name],
            tokens=workload.papers * speed.tokens(workload.lengths),
            utilisation=pace[slowest] / pace[name],
        )

    return Plan(
        classifier=stage("classifier", speeds.classifier),
        extractor=stage("extractor", speeds.extractor),
        machines=machines,
        hours=hours,
        money=machines * hours * machine.price_per_hour,
        currency=machine.currency,
        bound_by=slowest,
    )


def papers_per_s(speeds: Speeds, speed: Speed, lengths: Lengths) -> float:
    """What one replica adds when many work at once, beside the other model."""
    return speed.papers_per_s(lengths) * speeds.in_company * speeds.efficiency


def machines_for(one: tuple[float, int], other: tuple[float, int]) -> int:
    """Machines that hold the replicas of two models, each a share of a machine and a number of replicas.

    The larger ones are placed first, the smaller ones beside them as far as there is room.
    """
    (small, of_small), (large, of_large) = sorted([one, other])
    each = _floor(1 / large)
    full, rest = divmod(of_large, each)
    beside = full * _floor((1 - each * large) / small)
    if rest:
        beside += _floor((1 - rest * large) / small)
    alone = math.ceil(max(0, of_small - beside) / _floor(1 / small))
    return full + bool(rest) + alone


_TOLERANCE = 1e-9
"""Ten shares of 0.1 are one machine."""


def _ceil(number: float) -> int:
    return math.ceil(number - _TOLERANCE)


def _floor(number: float) -> int:
    return math.floor(number + _TOLERANCE)
