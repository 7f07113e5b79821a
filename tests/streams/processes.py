"""The service and workers as processes of their own, each ended by its own id."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from loadtest.processes import free_port

WITHIN_S = 120.0
POLL_S = 0.05


def wait_until(happened: Callable[[], bool], *, within_s: float = WITHIN_S) -> None:
    ends_s = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < ends_s, "it did not happen in time"
        time.sleep(POLL_S)


class Processes:
    """What a test started; their logs are files in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._started: list[subprocess.Popen[bytes]] = []
        self._service_port = free_port()

    def start(self, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        """`python words...`, with more in its environment."""
        with (self._directory / f"process-{len(self._started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *words],
                stdout=log,
                stderr=log,
                env={**os.environ, "PUBSERVE_BASE_URL": self.service_url, **environment},
            )
        self._started.append(process)
        return process

    @property
    def service_url(self) -> str:
        return f"http://127.0.0.1:{self._service_port}"

    def service(self) -> subprocess.Popen[bytes]:
        """The service, once it answers."""
        process = self.start("-m", "tests.streams.http_service", str(self._service_port))
        wait_until(lambda: _answers(self._service_port))
        return process

    def worker(self, broker_url: str, **settings: object) -> subprocess.Popen[bytes]:
        environment = {f"PUBSERVE_WORKER_{name.upper()}": str(value) for name, value in settings.items()}
        words = ("worker", broker_url, "--from", "papers", "--to", "analyses")
        return self.start("-m", "pubserve", *words, **environment)

    def said(self) -> str:
        """All their logs."""
        return "\n".join(path.read_text() for path in sorted(self._directory.glob("process-*.log")))

    def stop(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
