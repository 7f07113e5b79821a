"""`pubserve batch`: what it says, to people and to programs, and its exit statuses."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from bulk import cli
from bulk.errors import BulkError, ModelsFail, NoCluster, UnusableInput, UnusableOutput
from bulk.job import Job
from bulk.report import Report
from pubserve.contract import ModelNames, Task
from pubserve.formats import Format

REPORT = Report(
    input="in", output="out", models=ModelNames(), files=1, papers=3, failed={}, deleted_by_pubmed=0, resumed=0,
    labels={"Cancer": 3}, top_diseases={"Asthma": 1}, warnings={}, elapsed_s=1.0, papers_per_s=3.0,
)  # fmt: skip


class Runs:
    """Stands where `bulk.job.run` stands, and remembers what it was asked for."""

    def __init__(self, outcome: Report | BaseException = REPORT) -> None:
        self.outcome = outcome
        self.job: Job | None = None
        self.options: dict[str, Any] = {}

    def __call__(self, job: Job, **options: Any) -> Report:
        self.job, self.options = job, options
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    runs = Runs()
    monkeypatch.setattr(cli, "run", runs)
    monkeypatch.setattr(cli, "_prepare_models", lambda job: None)
    return runs


def batch(*words: str) -> Result:
    app = typer.Typer(add_completion=False)
    app.command()(cli.cli)
    return CliRunner().invoke(app, list(words))


def test_options_become_the_job(runs: Runs, tmp_path: Path) -> None:
    done = batch(
        str(tmp_path / "in"), "s3://bucket/out", "--tasks", "labels, topics", "--format", "parquet",
        "--input-format", "medline", "--unit-papers", "7", "--workers", "3", "--address", "auto", "--overwrite",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert runs.job is not None
    assert (runs.job.input.url, runs.job.output.url) == (str(tmp_path / "in"), "s3://bucket/out")
    assert (runs.job.tasks, runs.job.format, runs.job.input_format) == (
        [Task.LABELS, Task.TOPICS], "parquet", Format.MEDLINE,
    )  # fmt: skip
    assert runs.job.settings.bulk.unit_papers == 7
    assert (runs.options["address"], runs.options["workers"], runs.options["overwrite"]) == ("auto", 3, True)


def test_a_report_is_said_to_people_or_to_programs(runs: Runs) -> None:
    assert "labels: Cancer 3" in batch("in", "out").stderr
    assert json.loads(batch("in", "out", "--json").stdout) == REPORT.model_dump()


def test_dead_letters_show_in_the_exit_status(runs: Runs) -> None:
    runs.outcome = REPORT.model_copy(update={"failed": {"no id": 2}})

    assert batch("in", "out").exit_code == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [(UnusableInput, 2), (UnusableOutput, 2), (NoCluster, 3), (ModelsFail, 3)],
)
def test_an_error_says_what_is_wrong_and_what_to_do(runs: Runs, error: type[BulkError], status: int) -> None:
    runs.outcome = error("It cannot be done.", "Do something else.")

    said = batch("in", "out")

    assert said.exit_code == status
    assert said.stderr == "Stopped: It cannot be done.\nDo something else.\n"
    as_json = json.loads(batch("in", "out", "--json").stdout)
    assert as_json == {"problem": "It cannot be done.", "remedy": "Do something else."}


def test_an_interrupted_job_says_how_it_goes_on(runs: Runs) -> None:
    runs.outcome = KeyboardInterrupt()

    said = batch("in", "out")

    assert said.exit_code == 130
    assert "the same command goes on" in said.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(["--tasks", "labels,colour"], "labels, diseases"), (["--profile", "laptop"], "unknown profile")],
)
def test_a_mistake_in_an_option_is_named(runs: Runs, words: list[str], complaint: str) -> None:
    said = batch("in", "out", *words)

    assert said.exit_code == 2
    assert complaint in said.stderr


def test_the_generator_cannot_read_a_corpus_and_what_can_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = batch(str(tmp_path), str(tmp_path.parent / "out"), "--profile", "gpu")

    assert said.exit_code == 3
    assert "--tasks labels" in said.stderr
