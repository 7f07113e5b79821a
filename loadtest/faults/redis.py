"""A Redis that outlives the head of a cluster."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from loadtest.processes import DidNotStart, free_port

START_TIMEOUT_S = 10.0
POLL_S = 0.05


class MissingProgram(Exception):
    """A program is not here; the message says what carries it."""


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Its address, `host:port`.

    Raises:
        MissingProgram: there is no redis-server here.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise MissingProgram("redis-server is not here; Debian's package redis-server carries it")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_until_listening(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_until_listening(port: int) -> None:
    ends_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < ends_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(POLL_S)
    raise DidNotStart("redis-server does not listen")
