"""What faults need beside the service: a clock that can be set, and a Redis. Where one is missing, its faults are."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection
from typer.testing import CliRunner

from loadtest.faults import clock
from loadtest.faults.__main__ import app
from loadtest.faults.clock import faked_clock
from loadtest.faults.redis import redis_server
from tests.programs import install, program

CLOCKS = "import json, time; print(json.dumps([time.time(), time.monotonic()]))"


def clocks() -> tuple[float, float]:
    """Wall clock and monotonic clock of a process that is started now, beyond those here."""
    shown = json.loads(subprocess.run([sys.executable, "-c", CLOCKS], check=True, capture_output=True).stdout)
    return shown[0] - time.time(), shown[1] - time.monotonic()


def test_a_clock_that_is_set_moves_the_wall_clock_of_what_is_started_and_no_other(tmp_path: Path) -> None:
    install("libfaketime")
    with faked_clock(tmp_path) as offset:
        for seconds in (0, 3600, -3600):
            offset.write_text(f"{seconds:+}")
            wall_s, monotonic_s = clocks()
            assert wall_s == pytest.approx(seconds, abs=60)
            assert monotonic_s == pytest.approx(0, abs=60)
    assert clocks()[0] == pytest.approx(0, abs=60)


def test_redis_runs_for_as_long_as_the_block(tmp_path: Path) -> None:
    program("redis-server", package="redis-server")
    with redis_server(tmp_path) as address:
        host, port = address.split(":")
        assert Redis(host, int(port)).ping()

    with pytest.raises(NoConnection):
        Redis(host, int(port)).ping()


def test_a_fault_whose_program_is_missing_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clock, "LIBRARY", tmp_path / "libfaketime.so")

    done = CliRunner().invoke(app, ["run", "--fault", "clock", "--out", str(tmp_path / "out")])

    assert done.exit_code == 0
    assert "The clock jumps by hours: left out" in done.output
    assert "libfaketime" in done.output
    assert not (tmp_path / "out").exists()
