"""Whole jobs on a real Ray, with models of simulated speed."""

import json
import os
import signal
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bulk import job as jobs
from bulk.errors import ModelsDiffer, UnusableOutput, WorkerFailed
from bulk.job import Job, Progress
from bulk.output import PartFormat
from bulk.storage import Location
from loadtest.simulated_bulk import LOADER, SimulatedLoader, SimulatedModels
from pubserve.contract import ModelNames, Task
from pubserve.formats import parquet
from serve.settings import Settings
from tests.bulk.conftest import DIED_VARIABLE, WORKERS
from tests.bulk.papers import dead_letters, lines_in, paper, record, write_jsonl, write_pubmed

run = partial(jobs.run, workers=WORKERS)

pytestmark = pytest.mark.usefixtures("ray_that_is_there")


class OtherWeights(SimulatedLoader):
    """Loads other weights than it has announced: a node with another release."""

    def names(self, *_: object) -> ModelNames:
        return ModelNames(classifier="simulated-classifier@1", extractor="simulated-tagger@1")


class DiesOnce(SimulatedLoader):
    """The first worker is killed while it reads, as by a system that is out of memory."""

    def load(self, settings: Settings, tasks: Collection[Task]) -> SimulatedModels:
        died = Path(os.environ[DIED_VARIABLE])
        if not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().load(settings, tasks)


class DiesAlways(SimulatedLoader):
    """Every worker is killed."""

    def load(self, settings: Settings, tasks: Collection[Task]) -> SimulatedModels:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it is dead")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Five layouts, a folder below, and a record that is none."""
    corpus = tmp_path / "corpus"
    (corpus / "below").mkdir(parents=True)
    write_jsonl(corpus / "a.jsonl", range(10))
    write_pubmed(corpus / "below" / "b.xml.gz", range(10, 20))
    rows = "".join(",".join(f'"{value}"' for value in paper(number).values()) + "\n" for number in range(20, 25))
    (corpus / "c.csv").write_text(f"id,title,abstract\n{rows}too,few\n")
    parquet.write(map(record, range(25, 30)), corpus / "d.parquet")
    given = paper(30)
    (corpus / "e.txt").write_text(f"<ID:{given['id']}>\nTitle: {given['title']}\nAbstract: {given['abstract']}")
    return corpus


@pytest.fixture
def job(corpus: Path, tmp_path: Path, settings: Settings) -> Job:
    return Job(Location.given(str(corpus)), Location.given(str(tmp_path / "out")), settings, loader=LOADER)


def test_every_paper_of_every_layout_is_in_a_part_once(job: Job, tmp_path: Path) -> None:
    seen: list[Progress] = []

    report = run(job, on_progress=seen.append)

    papers = [json.loads(line) for line in lines_in(tmp_path / "out" / "papers")]
    assert sorted(found["abstract_id"] for found in papers) == sorted(f"p{number}" for number in range(31))
    assert (report.papers, report.failed, report.files) == (31, {"malformed record": 1}, 5)
    assert report.labels == {"Cancer": 31}
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report.model_dump()
    assert (tmp_path / "out" / "_SUCCESS").exists()
    [letter] = dead_letters(tmp_path / "out")
    assert (Path(letter["file"]).name, letter["line"]) == ("c.csv", 7)
    assert seen[-1].totals.papers == 31
    assert seen[-1].totals.read_bytes == pytest.approx(seen[-1].size_bytes, rel=0.1)


def test_the_same_call_once_more_reads_nothing_and_reports_the_same(job: Job) -> None:
    first = run(job)

    again = run(replace(job, loader=LOADER))

    assert (again.papers, again.resumed, again.elapsed_s) == (31, 31, 0.0)
    assert (again.labels, again.top_diseases, again.failed) == (first.labels, first.top_diseases, first.failed)


def test_what_is_missing_is_done_and_what_is_there_is_left_alone(job: Job, tmp_path: Path) -> None:
    run(job)
    whole = lines_in(tmp_path / "out" / "papers")
    entries = sorted((tmp_path / "out" / "ledger").iterdir())
    lost = entries[2]
    lost.unlink()
    before = {entry: entry.stat().st_mtime_ns for entry in entries if entry != lost}

    report = run(job)

    assert lost.exists()
    assert {entry: entry.stat().st_mtime_ns for entry in before} == before
    assert lines_in(tmp_path / "out" / "papers") == whole
    assert 0 < report.papers - report.resumed <= 4


def test_parquet_parts_hold_the_same_papers(job: Job, tmp_path: Path) -> None:
    import pyarrow.parquet

    run(replace(job, format=PartFormat.PARQUET))

    table = pyarrow.parquet.read_table(tmp_path / "out" / "papers")
    assert sorted(table["abstract_id"].to_pylist()) == sorted(f"p{number}" for number in range(31))


def test_a_worker_that_is_killed_loses_no_paper(job: Job, tmp_path: Path) -> None:
    report = run(replace(job, loader=f"{__name__}:DiesOnce"))

    assert Path(os.environ[DIED_VARIABLE]).exists()
    assert report.papers == 31
    assert len(lines_in(tmp_path / "out" / "papers")) == 31


def test_what_kills_every_worker_stops_the_job(job: Job) -> None:
    with pytest.raises(WorkerFailed, match="gave up"):
        run(replace(job, loader=f"{__name__}:DiesAlways"))


def test_an_output_in_the_input_is_refused(job: Job, corpus: Path) -> None:
    with pytest.raises(UnusableOutput, match="lies in the input"):
        run(replace(job, output=Location.given(str(corpus / "out"))))


def test_a_worker_with_other_weights_stops_the_job(job: Job) -> None:
    with pytest.raises(ModelsDiffer, match=r"has simulated-classifier@0 .* began with simulated-classifier@1"):
        run(replace(job, loader=f"{__name__}:OtherWeights"))


def test_a_worker_that_cannot_write_stops_the_job_and_says_why(job: Job, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    run(job)
    for entry in (tmp_path / "out" / "ledger").iterdir():
        entry.unlink()
    (tmp_path / "out" / "ledger").rmdir()
    (tmp_path / "out" / "ledger").touch()  # where a folder has to be

    with pytest.raises(WorkerFailed, match="FileExistsError") as failed:
        run(job)
    assert "the same command goes on" in failed.value.remedy
