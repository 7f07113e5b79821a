"""Either side killed half way, as a crash or an operator would: every paper is answered exactly once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loadtest.processes import free_port

PAPERS = 2_000
PAPER_S = 0.001
WITHIN_S = 60.0


class Processes:
    """Processes of this test, each killed by its own id at the end."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[str]] = []
        self.port = free_port()

    def start(self, *command: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PUBSERVE_BASE_URL": f"http://127.0.0.1:{self.port}"}
        process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
            # As a terminal starts it: a test run in the background has Ctrl-C ignored, and would pass that on.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        self._started.append(process)
        return process

    def service(self, *, paper_s: float = PAPER_S) -> subprocess.Popen[str]:
        """A service that answers."""
        process = self.start("-m", "tests.client.http_service", str(self.port), str(paper_s))
        wait_until(lambda: answers(self.port))
        return process

    def analyze(self, papers: Path, out: Path, *words: str) -> subprocess.Popen[str]:
        return self.start("-m", "pubserve", "analyze", str(papers), "-o", str(out), "--batch", "20", *words)

    def stop(self) -> None:
        for process in self._started:
            process.kill()
            process.communicate()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(happened: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < ends_s, "it did not happen in time"
        time.sleep(0.01)


def ids_in(out: Path) -> list[str]:
    """The ids of whole lines."""
    text = out.read_text() if out.exists() else ""
    return [json.loads(line)["abstract_id"] for line in text.splitlines(keepends=True) if line.endswith("\n")]


@pytest.fixture
def processes() -> Iterator[Processes]:
    processes = Processes()
    yield processes
    processes.stop()


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    file = tmp_path / "papers.jsonl"
    file.write_text("".join(json.dumps({"id": f"p{n}", "title": f"Cancer {n}."}) + "\n" for n in range(PAPERS)))
    return file


EVERYTHING_ONCE = sorted(f"p{n}" for n in range(PAPERS))


def test_a_service_killed_and_started_again_half_way(processes: Processes, papers: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.jsonl"
    service = processes.service()
    client = processes.analyze(papers, out)
    wait_until(lambda: len(ids_in(out)) >= PAPERS // 2)
    service.kill()
    service.wait()
    wait_until(lambda: not answers(processes.port))
    processes.service()

    _, said = client.communicate(timeout=WITHIN_S)

    assert client.returncode == 0, said
    assert sorted(ids_in(out)) == EVERYTHING_ONCE


@pytest.mark.parametrize("ending", [".jsonl", ".csv"])
def test_a_client_killed_on_the_way_and_resumed(
    processes: Processes, papers: Path, tmp_path: Path, ending: str
) -> None:
    out = tmp_path / f"answers{ending}"
    journal = out if ending == ".jsonl" else tmp_path / "answers.csv.partial.jsonl"
    processes.service(paper_s=10 * PAPER_S)  # not done when it is killed, even where that comes late
    client = processes.analyze(papers, out)
    wait_until(lambda: len(ids_in(journal)) >= PAPERS // 4)
    client.kill()
    client.wait()
    answered = len(ids_in(journal))

    resumed = processes.analyze(papers, out, "--resume", "--json")
    summary, said = resumed.communicate(timeout=WITHIN_S)

    assert resumed.returncode == 0, said
    assert json.loads(summary)["resumed"] == answered
    if ending == ".jsonl":
        assert sorted(ids_in(out)) == EVERYTHING_ONCE
    else:
        assert [line.partition(",")[0] for line in out.read_text().splitlines()[1:]] == [f"p{n}" for n in range(PAPERS)]


def test_ctrl_c_ends_with_130_keeps_what_is_answered_and_says_how_to_go_on(
    processes: Processes, papers: Path, tmp_path: Path
) -> None:
    out = tmp_path / "answers.jsonl"
    processes.service(paper_s=50 * PAPER_S)  # far from done when the signal comes, however late that is
    client = processes.analyze(papers, out)
    wait_until(lambda: len(ids_in(out)) >= 20)
    client.send_signal(signal.SIGINT)

    _, said = client.communicate(timeout=WITHIN_S)

    assert client.returncode == 130, said
    assert "--resume goes on from there" in said
    assert 20 <= len(ids_in(out)) < PAPERS
