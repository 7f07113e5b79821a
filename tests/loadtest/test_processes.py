"""Servers that are started to be measured: ready when they say so, watched whole, and gone at the end."""

import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from loadtest.processes import DidNotStart, ProcessWatch, free_port, serving

WITH_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; held = bytearray(30_000_000); time.sleep(600)"])
subprocess.run([sys.executable, "-m", "http.server", sys.argv[1], "--bind", "127.0.0.1"])
"""


def test_it_is_yielded_once_it_answers(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with serving(command, url, log=tmp_path / "server.log"):
        assert httpx.get(url).is_success
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_what_it_said_last_is_the_reason_that_it_did_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no weights')"]
    with (
        pytest.raises(DidNotStart, match="status 1: no weights"),
        serving(command, f"http://127.0.0.1:{free_port()}/", log=tmp_path / "server.log"),
    ):
        pass


def test_descendants_are_watched_and_ended_too(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", WITH_A_CHILD, str(port)]
    with serving(command, f"http://127.0.0.1:{port}/", log=tmp_path / "server.log") as process:
        descendants = psutil.Process(process.pid).children(recursive=True)
        watch = ProcessWatch(process.pid)
        watch.forget_peak()
        watch.stop()
        alone = psutil.Process(process.pid).memory_full_info().pss
        assert watch.peak_bytes > alone + 30_000_000
    assert len(descendants) >= 2
    assert not any(descendant.is_running() for descendant in descendants)


def test_looking_at_memory_takes_a_small_share_of_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def look(_: ProcessWatch) -> int:
        looks.append(time.monotonic())
        time.sleep(0.05)
        return 0

    monkeypatch.setattr("loadtest.processes.SAMPLE_PERIOD_S", 0.01)
    monkeypatch.setattr("loadtest.processes.LOOKING_SHARE", 0.1)
    monkeypatch.setattr(ProcessWatch, "_memory_bytes", look)
    watch = ProcessWatch(psutil.Process().pid)
    while len(looks) < 3:
        time.sleep(0.01)
    watch.stop()
    assert looks[2] - looks[1] >= 0.5


def test_processor_time_of_what_has_ended_is_not_forgotten() -> None:
    busy = "import time, sys\nwhile time.process_time() < 0.3: pass\nsys.stdin.read()"
    with psutil.Popen([sys.executable, "-c", busy], stdin=-1) as process:
        watch = ProcessWatch(process.pid)
        while sum(watch.cpu_s().values()) < 0.2:  # counted in hundredths
            time.sleep(0.05)
        process.kill()
    assert sum(watch.cpu_s().values()) >= 0.2
    watch.stop()
