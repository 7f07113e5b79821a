"""A real Redis for tests, on a free port of the loopback."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from loadtest.processes import free_port
from tests.programs import program

START_S = 10.0
_DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


class RedisServer:
    """Keeps nothing over a restart, unless it is `durable`: then, everything that it acknowledged."""

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        self.port = free_port()
        self._command = [
            program("redis-server", package="redis-server"),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)),
            *(_DURABLE if durable else ()),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        ends_s = time.monotonic() + START_S
        while time.monotonic() < ends_s:
            try:
                Redis(port=self.port, retry=Retry(NoBackoff(), 0)).ping()
            except RedisError:  # not listening yet, or reading its file
                time.sleep(0.05)
            else:
                return
        pytest.fail("Redis did not start")

    def kill(self) -> None:
        """As a crash would end it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_S)


@contextmanager
def running(directory: Path, *, durable: bool = False) -> Iterator[RedisServer]:
    """A server for the length of the block."""
    server = RedisServer(directory, durable=durable)
    server.start()
    try:
        yield server
    finally:
        server.kill()
