"""A recorded run to count from, and the service to put under load."""

import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from loadtest.load.calls import Outcome
from loadtest.load.shapes import Phase, Role, Span
from loadtest.load.timeline import Timeline
from loadtest.processes import free_port

START_TIMEOUT_S = 120


@pytest.fixture
def spans() -> list[Span]:
    """Ten seconds of baseline from second 100 on, ten of overload, two of drain."""
    return [
        Span(Phase("4 callers", 10, 4, Role.BASELINE), 100.0, 110.0),
        Span(Phase("overload", 10, role=Role.JUDGED, open_loop=True), 110.0, 120.0),
        Span(Phase("drain", 0, drains=True), 120.0, 122.0),
    ]


@pytest.fixture
def timeline() -> Timeline:
    """64 papers per second answered in the baseline; 640 offered in the overload, 64 answered, the others refused."""
    timeline = Timeline()
    for second in range(100, 110):
        timeline.sent("batch", 64, second)
        timeline.ended("batch", Outcome(answered=64), 1.5, second)
    for second in range(110, 120):
        timeline.sent("batch", 640, second)
        timeline.ended("batch", Outcome(answered=64), 3.0, second)
        for _ in range(9):
            timeline.ended("batch", Outcome(refused=64, retry_after_s=2.0), 0.012, second)
        timeline.delayed(0.001, second)
    return timeline


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The URL of a running service that reads 200 papers per second and holds 60,000 tokens."""
    port = free_port()
    command = [sys.executable, "-m", "tests.loadtest.load.service", str(port), "200", "60000"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        ends_s = time.monotonic() + START_TIMEOUT_S
        while not _is_ready(url):
            assert process.poll() is None, "the service ended"
            assert time.monotonic() < ends_s, "the service is not ready"
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").is_success
    except httpx.HTTPError:
        return False
