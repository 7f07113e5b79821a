"""A job killed with SIGKILL in the middle: the same command does the rest, and the output is as if nothing happened."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from loadtest.simulated_bulk import SPEED_VARIABLE
from tests.bulk.papers import lines_in, write_jsonl, write_pubmed

PAPERS = 600
UNIT_PAPERS = 20
WITHIN_S = 120.0


def start(given: Path, out: Path, tokens_per_s: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bulk.killed_job", str(given), str(out), str(UNIT_PAPERS)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, SPEED_VARIABLE: str(tokens_per_s)},
    )


def kill_with_its_workers(job: subprocess.Popen[str]) -> None:
    """The job alone is killed; its Ray ends with it."""
    started = psutil.Process(job.pid).children(recursive=True)
    job.send_signal(signal.SIGKILL)
    job.communicate()
    _, alive = psutil.wait_procs(started, timeout=WITHIN_S)
    assert not alive, "Ray outlived its job"


def wait_for(folder: Path, entries: int) -> None:
    ends_s = time.monotonic() + WITHIN_S
    while len(list(folder.glob("*.json"))) < entries:
        assert time.monotonic() < ends_s, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Papers in two layouts, and one record that is none."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    write_jsonl(folder / "a.jsonl", range(PAPERS // 2))
    write_pubmed(folder / "b.xml.gz", range(PAPERS // 2, PAPERS))
    with (folder / "a.jsonl").open("a") as file:
        file.write('{"id": "half", "title": "A rec')
    return folder


def test_a_killed_job_goes_on_and_its_output_is_that_of_an_undisturbed_one(corpus: Path, tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    said, problem = start(corpus, undisturbed, tokens_per_s=float("inf")).communicate(timeout=WITHIN_S)
    assert json.loads(said)["papers"] == PAPERS, problem

    job = start(corpus, killed, tokens_per_s=10_000)
    wait_for(killed / "ledger", PAPERS // UNIT_PAPERS // 3)
    kill_with_its_workers(job)
    done = {part.name: part.stat().st_mtime_ns for part in (killed / "ledger").glob("*.json")}
    assert 0 < len(done) < PAPERS // UNIT_PAPERS
    assert not (killed / "_SUCCESS").exists()

    resumed, problem = start(corpus, killed, tokens_per_s=float("inf")).communicate(timeout=WITHIN_S)
    report = json.loads(resumed)

    assert report["papers"] == PAPERS, problem
    assert report["resumed"] > 0
    assert report["failed"] == {"malformed record": 1}
    again = {part.name: part.stat().st_mtime_ns for part in (killed / "ledger").glob("*.json")}
    assert {name: again[name] for name in done} == done, "a unit that was done was done again"
    for kind in ("papers", "dead-letters"):
        assert lines_in(killed / kind) == lines_in(undisturbed / kind)
    assert (killed / "_SUCCESS").exists()
