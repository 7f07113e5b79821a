"""`pubserve-plan corpus`: figures for people and for programs, and what is missing is named."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadtest.plan.cli import app
from loadtest.plan.inputs import Speed, Speeds

STATED = ["--classifier-tokens-per-s", "4000", "--extractor-tokens-per-s", "1000", "--mean-chars", "1800"]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["corpus", *arguments])
    return result.exit_code, result.output


def test_every_deadline_is_a_plan() -> None:
    status, output = run(*STATED, "--deadline-h", "24", "--deadline-h", "168", "--price", "2", "--json")

    assert status == 0
    plans = json.loads(output)
    assert list(plans) == ["24", "168"]
    assert plans["24"]["bound_by"] in ("classifier", "extractor")
    assert plans["24"]["machines"] > plans["168"]["machines"]
    assert plans["24"]["money"] == pytest.approx(plans["24"]["machines"] * plans["24"]["hours"] * 2)


def test_measured_speeds_come_from_a_file(tmp_path: Path) -> None:
    Speeds(classifier=Speed(tokens_per_s=4000), extractor=Speed(tokens_per_s=1000)).save(tmp_path / "speeds.json")

    stated = run(*STATED, "--json")
    measured = run("--speeds", str(tmp_path / "speeds.json"), "--mean-chars", "1800", "--json")

    assert measured == stated


def test_the_table_says_what_sets_the_pace() -> None:
    status, output = run(*STATED)

    assert status == 0
    assert "38,000,000 papers of 1,800 characters" in output
    assert "the pace is set by the" in output


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [(["--mean-chars", "1800"], "--speeds"), (STATED[:4], "--mean-chars")],
    ids=["no speeds", "no lengths"],
)
def test_what_is_missing_is_named(arguments: list[str], remedy: str) -> None:
    status, output = run(*arguments)

    assert status == 2
    assert remedy in output
