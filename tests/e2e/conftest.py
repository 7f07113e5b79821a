"""The real service: started once by its own command, with the real models, on a free port of the loopback."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from loadtest.processes import free_port
from pubserve import Client, Paper

START_TIMEOUT_S = 900
STOP_TIMEOUT_S = 180
SHARED_ABSTRACTS = Path(__file__).parents[3] / "shared" / "data" / "abstracts"

CANCER = Paper(
    id="cancer",
    title="Adjuvant chemotherapy after resection of lung cancer.",
    abstract=(
        "We randomised 300 patients with resected lung cancer to chemotherapy or observation. "
        "Overall survival in lung cancer was longer after chemotherapy. One patient developed breast cancer."
    ),
)
ASTHMA = Paper(
    id="asthma",
    title="Inhaled steroids in children with asthma.",
    abstract="In 120 children with asthma, inhaled steroids halved exacerbations. Asthma control improved at school.",
)


def unread(count: int, *, times_as_long: int = 1) -> list[Paper]:
    """Papers that no test has sent before: what was read is remembered, and takes no time."""
    abstract = " ".join([CANCER.abstract or ""] * times_as_long)
    return [Paper(id=str(n), title=f"{CANCER.title} {uuid.uuid4().hex}", abstract=abstract) for n in range(count)]


@dataclass
class RunningService:
    """A service started by `pubserve-serve`, and what it printed so far."""

    url: str
    process: subprocess.Popen[str]
    output: list[str]

    @property
    def log_dir(self) -> Path:
        ends_s = time.monotonic() + 60
        # The service answers a moment before its command says where the logs are.
        while not (found := re.search(r"Logs: (\S+)", "".join(self.output))):
            assert time.monotonic() < ends_s, "".join(self.output)
            time.sleep(0.1)
        return Path(found[1])

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def metric(self, name: str) -> float:
        """Value of one line of `/metrics`, whichever the replica; 0 if it is not there yet."""
        for line in httpx.get(f"{self.url}/metrics").text.splitlines():
            of_all = re.sub(r'replica="\w+",?', "", line).replace(",}", "}").replace("{}", "")
            if of_all.startswith(f"{name} "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def wait_until_idle(self, within_s: float = 60) -> None:
        """Until nothing is in flight; fails the test if that takes too long."""
        ends_s = time.monotonic() + within_s
        while self.metric('pubserve_in_flight{unit="tokens"}') > 0:
            assert time.monotonic() < ends_s, "work of callers who left is still in flight"
            time.sleep(0.2)


@contextlib.contextmanager
def started(command: list[str], url: str, **environment: str) -> Iterator[RunningService]:
    """Start a command that serves on `url`, wait until it is ready, and stop it at the end."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment}
    )
    service = RunningService(url, process, [])
    assert process.stdout
    reader = threading.Thread(target=service.output.extend, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        ends_s = time.monotonic() + START_TIMEOUT_S
        while not _is_ready(url):
            assert process.poll() is None, f"it ended with {process.poll()}:\n{''.join(service.output)}"
            assert time.monotonic() < ends_s, f"it is not ready:\n{''.join(service.output)}"
            time.sleep(0.5)
        yield service
    finally:
        service.stop()
        reader.join(10)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=30).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def service() -> Iterator[RunningService]:
    port = free_port()
    command = [sys.executable, "-m", "serve.launch", "--port", str(port)]
    # As in the image, there is no compiler.
    with started(command, f"http://127.0.0.1:{port}", CXX="/no/compiler") as running:
        assert running.log_dir  # said after the answer it shows, which tests would else count among theirs
        yield running


@pytest.fixture
def client(service: RunningService) -> Iterator[Client]:
    with Client(service.url) as client:
        yield client


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The drain ends the shared service, and other ways to start it need the memory: in this order, at the end."""
    last = ("test_drain.py", "test_entry_points.py", "test_cluster_config.py", "test_gpu_profile.py")
    items.sort(key=lambda item: last.index(item.path.name) + 1 if item.path.name in last else 0)
