"""A process that is killed while it runs a batch, again and again: in the end every line was answered once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openai import OpenAI

from tests.serve.batches.services import line, paper

ROOT = Path(__file__).parents[3]
LINES = 500
KILLED_AT = (60, 180, 300)
WITHIN_S = 120


class Process:
    """The service on one port and one state; it can be killed and started again."""

    def __init__(self, state_dir: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "PUBSERVE_BATCHES__STATE_DIR": str(state_dir),
            "PUBSERVE_BATCHES__LEASE_S": "1",
            "PUBSERVE_BATCHES__GROUP_BYTES": "4000",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.serve.batches.server", str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stderr=subprocess.DEVNULL)
        ends_s = time.monotonic() + WITHIN_S
        while not self._answers():
            assert time.monotonic() < ends_s, "the service did not start"
            time.sleep(0.1)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").is_success
        except httpx.HTTPError:
            return False


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    process.start()
    yield process
    process.kill()


def test_every_line_is_answered_once(process: Process) -> None:
    client = OpenAI(base_url=f"{process.url}/v1", api_key="none", max_retries=5)
    content = "\n".join(line(str(n), paper(f"Asthma {n}.")) for n in range(LINES)).encode()
    file = client.files.create(file=("papers.jsonl", content), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/analyze", completion_window="24h"  # type: ignore[arg-type]
    )  # fmt: skip
    ends_s = time.monotonic() + WITHIN_S

    def completed() -> int:
        nonlocal batch
        assert time.monotonic() < ends_s, batch
        time.sleep(0.05)
        batch = client.batches.retrieve(batch.id)
        assert batch.request_counts is not None
        return batch.request_counts.completed

    kept = 0
    for at in KILLED_AT:
        while (now := completed()) < at:
            assert now >= kept
        assert now < LINES
        process.kill()
        process.start()
        kept = now
    while batch.status != "completed":
        assert completed() >= kept

    assert batch.request_counts is not None
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (
        LINES,
        LINES,
        0,
    )
    assert batch.output_file_id is not None
    records = map(json.loads, client.files.content(batch.output_file_id).text.splitlines())
    assert sorted(int(record["custom_id"]) for record in records) == list(range(LINES))
