"""The ways of running the classifier: those that cannot be taken here are left out, and it is said why."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadtest.classifier import REFERENCE, WAYS, Measured, Way, app, as_served, by_tokens, possible, show


def test_a_way_whose_modules_are_not_installed_is_left_out() -> None:
    here, elsewhere = Way(by_tokens, as_served), Way(by_tokens, as_served, ("torch", "no_such_runtime"))

    assert possible({"here": here, "elsewhere": elsewhere}) == ({"here": here}, {"elsewhere": ["no_such_runtime"]})


def test_the_way_that_others_are_compared_with_needs_nothing_more() -> None:
    assert WAYS[REFERENCE].needs == ()


def test_the_command_says_how_what_it_can_do_without_is_installed() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output

    assert "uv pip install -r pyproject.toml --extra runtimes" in shown
    assert "\nruntimes = [" in (Path(__file__).parents[2] / "pyproject.toml").read_text()


def test_differences_are_shown_beside_the_speed(capsys: pytest.CaptureFixture[str]) -> None:
    measured = {
        REFERENCE: Measured(seconds=2.0, confidences=[0.9, 0.1], scores=[2.0, -2.0]),
        "faster": Measured(seconds=1.0, confidences=[0.8, 0.1], scores=[1.5, -2.25]),
    }

    show(measured, count=4, tokens_per_paper=371, ceiling=8.0)

    line = next(line for line in capsys.readouterr().out.splitlines() if "faster" in line)
    assert [cell.strip() for cell in line.strip("│┃ ").split("│")] == [
        "faster", "4.00", "50%", "0.0%", "0.1000", "0.5000"
    ]  # fmt: skip
