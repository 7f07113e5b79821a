"""The command, against the service's real HTTP application."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from loadtest.load.__main__ import main
from loadtest.load.shapes import Shape

COMMAND = typer.Typer()
COMMAND.command()(main)

LEVELS = """
test:
  every: {failed_share: 0, late_share: 0, refusals: {max_ms: 120000}}
  steady: {callers: {single: {p99_ms: 120000}}, goodput_per_s: 1}
out of reach:
  every: {goodput_per_s: 1000000}
"""


def load_test(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    levels = folder / "levels.yaml"
    levels.write_text(LEVELS, encoding="utf-8")
    command = [sys.executable, "-m", "loadtest.load", "--levels", str(levels), "--out", str(folder / "out")]
    # A machine that stands still for a minute makes nothing late: what is late is not what is asked here.
    deadlines = ["--interactive-deadline-s", "120", "--bulk-deadline-s", "120"]
    return subprocess.run([*command, *deadlines, *arguments], capture_output=True, text=True, timeout=600)


def summary_in(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "out" / "summary.json").read_text(encoding="utf-8"))


def test_levels_that_hold(service: str, tmp_path: Path) -> None:
    run = load_test(tmp_path, "--host", service, "--duration", "12s", "--levels-for", "test")
    assert run.returncode == 0, run.stdout + run.stderr
    summary = summary_in(tmp_path)
    assert summary["held"]
    assert summary["papers"]["failed"] == 0, run.stdout
    for caller in ("single", "chat", "batch", "stream"):
        assert summary["papers_by_caller"][caller]["answered"] > 0, run.stdout
    papers = summary["papers"]
    assert papers["offered"] == sum(papers[end] for end in ("answered", "late", "failed", "refused"))
    assert (tmp_path / "out" / "load.png").stat().st_size > 10_000
    assert "<html" in (tmp_path / "out" / "locust.html").read_text(encoding="utf-8")
    with (tmp_path / "out" / "locust_stats.csv").open(encoding="utf-8", newline="") as rows:
        names = {row["Name"] for row in csv.DictReader(rows)}
    assert {"single", "chat", "batch", "stream", "stream, first result"} <= names


def test_overload_by_two_workers_and_levels_that_do_not_hold(service: str, tmp_path: Path) -> None:
    run = load_test(
        tmp_path, "--host", service, "--shape", "overload", "--duration", "14s", "--workers", "2",
        "--offered-multiple", "5", "--levels-for", "out of reach",
    )  # fmt: skip
    assert run.returncode == 1, run.stdout + run.stderr
    assert "now offering" in run.stdout
    summary = summary_in(tmp_path)
    assert summary["complete"]
    assert not summary["held"]
    assert summary["generator"].startswith("2 processes")
    papers = summary["papers"]
    # Nothing that a worker saw got lost on its way to the master.
    assert papers["offered"] == sum(papers[end] for end in ("answered", "late", "failed", "refused"))
    assert papers["failed"] == 0, run.stdout
    # More was offered than the service takes: it refused, and said when to come back.
    assert summary["refusals"]["requests"] > 0
    assert summary["refusals_without_retry_after"] == 0
    assert summary["offered_multiple"] > 2


def test_a_service_that_is_not_there() -> None:
    run = CliRunner().invoke(COMMAND, ["--host", "http://127.0.0.1:1"])
    assert run.exit_code == 2
    assert "http://127.0.0.1:1 does not answer" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--duration", "soon"], "--duration: "),
        (["--callers", "0"], "--callers: "),
        (["--levels-for", "nobody"], "no levels for 'nobody'"),
        (["--papers", "nowhere"], "--papers: there is nothing at nowhere"),
    ],
)
def test_options_that_cannot_be_used_are_named(arguments: list[str], message: str) -> None:
    run = CliRunner().invoke(COMMAND, arguments)
    assert run.exit_code == 2
    assert message in run.stderr


def test_the_help_explains_every_shape() -> None:
    text = CliRunner().invoke(COMMAND, ["--help"]).stdout
    assert all(shape.value in text for shape in Shape)
