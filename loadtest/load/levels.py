"""Service levels: what has to hold, read from a file, and the verdict on a run."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from loadtest.load.calls import CALLS
from loadtest.load.shapes import Role, Shape, phases_of
from loadtest.load.summary import Latency, Summary

EVERY_SHAPE = "every"


class LevelsError(Exception):
    """The file of levels cannot be used; the message says where and why."""


class Section(BaseModel):
    """A misspelt level must not pass for one that holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LatencyLevels(Section):
    """Upper bounds in milliseconds."""

    p50_ms: float | None = Field(default=None, gt=0)
    p95_ms: float | None = Field(default=None, gt=0)
    p99_ms: float | None = Field(default=None, gt=0)
    max_ms: float | None = Field(default=None, gt=0)


class Levels(Section):
    """What has to hold under one shape. What is not given is not judged."""

    callers: dict[str, LatencyLevels] = Field(default={}, description="Latency of answers, by kind of caller.")
    goodput_per_s: float | None = Field(default=None, gt=0, description="Papers per second, at least.")
    goodput_kept: float | None = Field(
        default=None, gt=0, description="Goodput at least, as a share of that of the shape's baseline."
    )
    offered_multiple: float | None = Field(
        default=None, gt=0, description="Papers offered at least, as a multiple of the baseline's goodput."
    )
    failed_share: float | None = Field(default=None, ge=0, le=1, description="Of all papers, at most.")
    late_share: float | None = Field(default=None, ge=0, le=1, description="Accepted and past the deadline, at most.")
    refused_share: float | None = Field(default=None, ge=0, le=1, description="Of all papers, at most.")
    refusals: LatencyLevels | None = Field(
        default=None, description="How fast refusals come; with it, each has to carry Retry-After."
    )

    @model_validator(mode="after")
    def _callers_exist(self) -> Self:
        known = [call.name for call in CALLS]
        if unknown := sorted(set(self.callers) - set(known)):
            raise ValueError(f"no caller is called {unknown[0]!r}; there are {', '.join(known)}")
        return self


class Verdict(Section):
    """One level, what was measured, and whether it held."""

    level: str
    wanted: str
    measured: str
    held: bool


def read_levels(path: Path, deployment: str, shape: Shape) -> Levels:
    """The levels of a deployment under a shape: those for every shape, and over them its own.

    Raises:
        LevelsError: the file, the deployment or a level in it is not there or not right.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise LevelsError(f"{path}: {error}") from error
    deployments = content if isinstance(content, dict) else {}
    if deployment not in deployments:
        raise LevelsError(
            f"{path} has no levels for {deployment!r}; it has {', '.join(map(str, deployments)) or 'none'}"
        )
    by_shape = deployments[deployment] or {}
    if not isinstance(by_shape, dict) or (unknown := sorted(set(map(str, by_shape)) - {EVERY_SHAPE, *Shape})):
        named = f"{deployment}.{unknown[0]}" if isinstance(by_shape, dict) else deployment
        raise LevelsError(f"{path}: {named}: expected one of {EVERY_SHAPE}, {', '.join(Shape)}")
    merged = {**(by_shape.get(EVERY_SHAPE) or {}), **(by_shape.get(shape.value) or {})}
    try:
        levels = Levels.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, (deployment, shape.value, *first["loc"])))
        raise LevelsError(f"{path}: {place}: {first['msg']}") from error
    if (levels.goodput_kept or levels.offered_multiple) and not _has_baseline(shape):
        raise LevelsError(f"{path}: {deployment}: shape {shape.value} has no baseline to compare goodput with")
    return levels


def judge(summary: Summary, levels: Levels) -> list[Verdict]:
    """Every level that was given, in the order of the file's model; always one on whether the run is whole."""
    return list(_judge(summary, levels))


def held(verdicts: Iterable[Verdict]) -> bool:
    return all(verdict.held for verdict in verdicts)


def _judge(summary: Summary, levels: Levels) -> Iterator[Verdict]:
    papers = summary.papers
    yield Verdict(
        level="run to its end", wanted="yes", measured="yes" if summary.complete else "no", held=summary.complete
    )
    yield Verdict(level="papers answered", wanted="some", measured=f"{papers.answered}", held=papers.answered > 0)
    for name, bounds in levels.callers.items():
        yield from _latencies(name, bounds, summary.callers[name])
    yield from _at_least("goodput, papers/s", levels.goodput_per_s, summary.goodput_per_s)
    yield from _at_least("goodput kept, of the baseline", levels.goodput_kept, summary.goodput_kept)
    yield from _at_least("offered, times the baseline", levels.offered_multiple, summary.offered_multiple)
    yield from _at_most("failed, share of papers", levels.failed_share, papers.failed_share)
    yield from _at_most("late, share of papers", levels.late_share, papers.late_share)
    yield from _at_most("refused, share of papers", levels.refused_share, papers.refused_share)
    if levels.refusals and summary.refusals.requests:
        yield from _latencies("refusals", levels.refusals, summary.refusals)
        yield from _at_most("refusals without Retry-After", 0, summary.refusals_without_retry_after)


def _latencies(name: str, bounds: LatencyLevels, measured: Latency) -> Iterator[Verdict]:
    figures: Mapping[str, Any] = measured.model_dump()
    for field, bound in bounds.model_dump(exclude_none=True).items():
        figure = figures[field]
        yield Verdict(
            level=f"{name}, {field.removesuffix('_ms')}",
            wanted=f"≤ {bound:g} ms",
            measured="no request" if figure is None else f"{figure} ms",
            held=figure is not None and figure <= bound,
        )


def _at_least(level: str, bound: float | None, measured: float | None) -> Iterator[Verdict]:
    if bound is not None:
        got = 0.0 if measured is None else measured
        yield Verdict(level=level, wanted=f"≥ {bound:g}", measured=f"{got:.3g}", held=got >= bound)


def _at_most(level: str, bound: float | None, measured: float) -> Iterator[Verdict]:
    if bound is not None:
        yield Verdict(level=level, wanted=f"≤ {bound:g}", measured=f"{measured:.3g}", held=measured <= bound)


def _has_baseline(shape: Shape) -> bool:
    return any(phase.role is Role.BASELINE for phase in phases_of(shape, callers=1, seconds=1))
