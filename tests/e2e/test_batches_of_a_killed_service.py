"""A service on Ray is killed, all of it, while it answers a batch: in the end every line was answered once."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
from openai import OpenAI
from openai.types import Batch

from loadtest.processes import free_port, serving
from tests.serve.batches.services import line, paper

LINES = 200
TEXT = "Asthma in a cohort. ".ljust(400, "x")
TOKENS_PER_S = 500
"""Of each model: a line has a hundred."""
HALF_WAY = (40, 160)
WITHIN_S = 600


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def client(port: int) -> OpenAI:
    return OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none")


@contextmanager
def service(port: int, folder: Path) -> Iterator[psutil.Process]:
    """With models of simulated speed."""
    command = (sys.executable, "-m", "loadtest.simulated", "--port", str(port), "--tokens-per-s", str(TOKENS_PER_S))
    env = {"PUBSERVE_BATCHES__STATE_DIR": str(folder), "PUBSERVE_BATCHES__LEASE_S": "2"}
    env |= {"PUBSERVE_BATCHES__GROUP_BYTES": "4000"}
    with serving(command, f"http://127.0.0.1:{port}/readyz", log=folder / "service.log", env=env) as process:
        yield psutil.Process(process.pid)


def until_completed(client: OpenAI, batch: Batch, lines: int) -> int:
    """How many lines are answered, once it is that many."""
    ends_s = time.monotonic() + WITHIN_S
    while True:
        counts = client.batches.retrieve(batch.id).request_counts
        assert counts is not None
        assert counts.failed == 0
        if counts.completed >= lines:
            return counts.completed
        assert time.monotonic() < ends_s, counts
        time.sleep(0.2)


def test_every_line_is_answered_once(client: OpenAI, port: int, tmp_path: Path) -> None:
    with ExitStack() as stack:
        started = stack.enter_context(service(port, tmp_path))
        content = "\n".join(line(str(number), paper(f"{number} {TEXT}")) for number in range(LINES)).encode()
        file = client.files.create(file=("papers.jsonl", content), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/analyze", completion_window="24h"  # type: ignore[arg-type]
        )  # fmt: skip
        kept = until_completed(client, batch, HALF_WAY[0])
        everything = [started, *started.children(recursive=True)]
        for process in everything:
            process.kill()
        psutil.wait_procs(everything, timeout=WITHIN_S)
    assert kept < HALF_WAY[1]

    with service(port, tmp_path):
        assert until_completed(client, batch, kept) >= kept
        until_completed(client, batch, LINES)
        while (batch := client.batches.retrieve(batch.id)).status != "completed":
            time.sleep(0.2)
        assert batch.output_file_id is not None
        records = map(json.loads, client.files.content(batch.output_file_id).text.splitlines())

    assert sorted(int(record["custom_id"]) for record in records) == list(range(LINES))
    assert (batch.error_file_id, batch.request_counts and batch.request_counts.failed) == (None, 0)
