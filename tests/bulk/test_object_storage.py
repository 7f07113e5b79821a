"""Whole jobs from S3 to S3: a real server of its protocol, a real Ray, models of simulated speed."""

import gzip
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import pytest
import typer
from typer.testing import CliRunner, Result

from bulk import cli
from bulk.cluster import LOCAL, running_ray
from bulk.errors import UnusableInput, UnusableOutput
from bulk.job import Job
from bulk.manifest import Manifest
from bulk.output import Output, PartFormat
from bulk.sources import files_of
from bulk.storage import Location
from loadtest.simulated_bulk import LOADER
from pubserve.contract import ModelNames
from serve.settings import Settings
from tests import s3_server
from tests.bulk.conftest import WORKERS
from tests.bulk.papers import paper, write_pubmed

INPUT, OUTPUT = "s3://corpus/2026", "s3://answers/2026"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server.running() as url:
        file_system = fsspec.filesystem("s3")
        file_system.mkdir("corpus")
        file_system.mkdir("answers")
        yield url


@pytest.fixture(scope="module")
def ray_that_knows_it(s3: str, settings: Settings) -> Iterator[None]:
    with running_ray(LOCAL, settings, workers=WORKERS):
        yield


@pytest.fixture(scope="module")
def corpus(s3: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Three layouts, one of them packed and one in a folder below, and a record that is none."""
    folder = Location.given(INPUT)
    lines = "".join(json.dumps(paper(number)) + "\n" for number in range(10))
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    pubmed = write_pubmed(tmp_path_factory.mktemp("pubmed") / "b.xml.gz", range(10, 20))
    (folder / "below" / "b.xml.gz").write_bytes(pubmed.read_bytes())
    rows = "".join(",".join(f'"{value}"' for value in paper(number).values()) + "\n" for number in range(20, 25))
    (folder / "c.csv").write_bytes(f"id,title,abstract\n{rows}too,few\n".encode())


def batch(*options: str) -> Result:
    app = typer.Typer(add_completion=False)
    app.command()(cli.cli)
    return CliRunner().invoke(app, [INPUT, OUTPUT, "--unit-papers", "4", "--workers", str(WORKERS), *options])


def read_lines(folder: str) -> list[str]:
    parts = Location.given(f"{OUTPUT}/{folder}")
    return [line for name in parts.names() for line in (parts / name).read_bytes().decode().splitlines()]


@pytest.mark.usefixtures("ray_that_knows_it", "corpus")
def test_a_corpus_in_a_bucket_is_answered_in_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli, "Job", partial(Job, loader=LOADER))
    monkeypatch.chdir(tmp_path)

    done = batch("--json")

    assert done.exit_code == 1, done.output  # one record is a dead letter
    report = json.loads(done.stdout)
    assert (report["papers"], report["files"], report["failed"]) == (25, 3, {"malformed record": 1})
    assert [json.loads(line)["abstract_id"] for line in read_lines("papers")] == [f"p{number}" for number in range(25)]
    assert [json.loads(line)["file"] for line in read_lines("dead-letters")] == [f"{INPUT}/c.csv"]
    assert Location.given(OUTPUT).names() == sorted(
        ["_SUCCESS", "dead-letters", "ledger", "manifest.json", "papers", "report.json"]
    )
    assert list(tmp_path.iterdir()) == []  # nothing was copied to the disk

    lost = Location.given(f"{OUTPUT}/ledger") / Location.given(f"{OUTPUT}/ledger").names()[2]
    before = read_lines("papers")
    lost.remove()  # as if the job had been killed before this unit was entered
    resumed = json.loads(batch("--json").stdout)

    assert resumed["papers"] - resumed["resumed"] == 4
    assert lost.exists()
    assert read_lines("papers") == before


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_said_of_either_end(settings: Settings) -> None:
    with pytest.raises(UnusableInput, match="There is nothing at s3://none/2026"):
        files_of(Location.given("s3://none/2026"))
    with pytest.raises(UnusableOutput, match="s3://none/2026 cannot be used: The specified bucket does not exist"):
        begin("s3://none/2026", settings)


def test_an_endpoint_that_does_not_answer_is_said_of_either_end(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    for name, value in (s3_server.OWNER | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}).items():
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3").clear_instance_cache()

    with pytest.raises(UnusableInput, match="Could not connect to the endpoint"):
        files_of(Location.given("s3://corpus/2026"))
    with pytest.raises(UnusableOutput, match="Could not connect to the endpoint"):
        begin("s3://answers/2026", settings)


def begin(output: str, settings: Settings) -> None:
    """As a job begins, with what it writes first."""
    given = Location.given("file:///nowhere")
    manifest = Manifest.of(given, [], settings, input_format=None, tasks=[], format="jsonl", models=ModelNames())
    Output(Location.given(output), PartFormat.JSONL).begin(manifest, overwrite=False)
