"""Service levels and the verdict."""

from pathlib import Path

import pytest
import yaml

from loadtest.load.levels import Levels, LevelsError, held, judge, read_levels
from loadtest.load.options import SHIPPED_LEVELS, LoadOptions
from loadtest.load.shapes import Shape, Span
from loadtest.load.summary import Summary, summarise
from loadtest.load.timeline import Timeline


@pytest.fixture
def summary(timeline: Timeline, spans: list[Span]) -> Summary:
    return summarise(timeline, spans, LoadOptions(shape=Shape.OVERLOAD), host="http://test", complete=True)


def levels_file(folder: Path, text: str) -> Path:
    path = folder / "levels.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("deployment", list(yaml.safe_load(SHIPPED_LEVELS.read_text(encoding="utf-8"))))
def test_the_shipped_levels_can_be_read(deployment: str, shape: Shape) -> None:
    assert read_levels(SHIPPED_LEVELS, deployment, shape).refusals is not None


def test_a_shapes_own_levels_come_over_those_for_every_shape(tmp_path: Path) -> None:
    path = levels_file(tmp_path, "mine: {every: {failed_share: 0, late_share: 0}, spike: {late_share: 0.1}}")
    assert read_levels(path, "mine", Shape.SPIKE) == Levels(failed_share=0, late_share=0.1)
    assert read_levels(path, "mine", Shape.STEADY) == Levels(failed_share=0, late_share=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("other: {}", "no levels for 'mine'; it has other"),
        ("", "it has none"),
        ("mine: {stedy: {}}", "mine.stedy: expected one of every, steady"),
        ("mine: 3", "mine: expected one of"),
        ("mine: {steady: {p95: 3}}", "mine.steady.p95: Extra inputs"),
        ("mine: {steady: {failed_share: 2}}", "mine.steady.failed_share: "),
        ("mine: {steady: {callers: {singel: {p95_ms: 3}}}}", "no caller is called 'singel'; there are single"),
        ("mine: {steady: {goodput_kept: 0.9}}", "shape steady has no baseline"),
        ("mine: [", "levels.yaml"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LevelsError, match=message):
        read_levels(levels_file(tmp_path, text), "mine", Shape.STEADY)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LevelsError, match=r"nowhere\.yaml"):
        read_levels(tmp_path / "nowhere.yaml", "mine", Shape.STEADY)


@pytest.mark.parametrize(
    ("levels", "holds"),
    [
        ({"callers": {"batch": {"p50_ms": 3000, "max_ms": 3000}}}, True),
        ({"callers": {"batch": {"p95_ms": 2999}}}, False),
        ({"callers": {"single": {"p95_ms": 1e9}}}, False),  # nobody asked: nothing shows that it holds
        ({"goodput_per_s": 64}, True),
        ({"goodput_per_s": 65}, False),
        ({"goodput_kept": 0.9, "offered_multiple": 10}, True),
        ({"goodput_kept": 1.1}, False),
        ({"failed_share": 0, "late_share": 0}, True),
        ({"refused_share": 0.5}, False),
        ({"refusals": {"p99_ms": 12}}, True),
        ({"refusals": {"p99_ms": 11}}, False),
    ],
)
def test_levels_hold_or_do_not(summary: Summary, levels: dict[str, object], holds: bool) -> None:
    verdicts = judge(summary, Levels.model_validate(levels))
    assert held(verdicts) is holds
    assert len(verdicts) > 1


def test_a_refusal_without_retry_after_does_not_hold(summary: Summary) -> None:
    levels = Levels.model_validate({"refusals": {"p99_ms": 50}})
    assert held(judge(summary, levels))
    assert not held(judge(summary.model_copy(update={"refusals_without_retry_after": 1}), levels))


def test_a_run_that_was_cut_off_does_not_hold(summary: Summary) -> None:
    assert held(judge(summary, Levels()))
    assert not held(judge(summary.model_copy(update={"complete": False}), Levels()))


def test_a_run_without_answers_does_not_hold_whatever_the_levels() -> None:
    nothing = summarise(Timeline(), [], LoadOptions(), host="http://test", complete=True)
    assert not held(judge(nothing, Levels()))
