"""A real PostgreSQL for tests, on a free port of the loopback."""

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from loadtest.processes import free_port
from tests.programs import install

START_S = 30.0
USER = "postgres"


class PostgresqlServer:
    """One cluster, in which everyone is let in."""

    def __init__(self, directory: Path, programs: Path) -> None:
        self._port = free_port()
        self._directory = directory
        self._programs = programs

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test_{uuid.uuid4().hex}"
        self._run("createdb", *self._address, name)
        return f"postgresql+asyncpg://{USER}@127.0.0.1:{self._port}/{name}"

    @contextmanager
    def running(self) -> Iterator[None]:
        self._run("initdb", "-D", str(self._directory), "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8")
        options = ["-D", str(self._directory), "-k", str(self._directory), "-h", "127.0.0.1", "-p", str(self._port)]
        process = subprocess.Popen(
            [str(self._programs / "postgres"), *options, "-c", "fsync=off"], stderr=subprocess.DEVNULL, **_user()
        )
        try:
            ends_s = time.monotonic() + START_S
            while subprocess.run([str(self._programs / "pg_isready"), *self._address], capture_output=True).returncode:
                assert time.monotonic() < ends_s, "PostgreSQL did not start"
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(START_S)

    @property
    def _address(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self._port), "-U", USER]

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([str(self._programs / program), *arguments], check=True, capture_output=True, **_user())


@contextmanager
def running() -> Iterator[PostgresqlServer]:
    """A server of its own, gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="pubserve-postgresql-"))
    try:
        server = PostgresqlServer(directory, _programs())
        if user := _user().get("user"):
            shutil.chown(directory, user)
        with server.running():
            yield server
    finally:
        shutil.rmtree(directory)


def _programs() -> Path:
    """Debian keeps them where the shell does not look."""
    for _ in range(2):
        found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *map(Path, filter(None, [shutil.which("initdb")]))]
        if found:
            return found[0].parent
        install("postgresql")
    pytest.fail("PostgreSQL is not here; install Debian's package postgresql, or what carries it on this system.")


def _user() -> dict[str, Any]:
    """It refuses to be run by root: the package has made a user for it."""
    return {"user": USER, "group": USER, "cwd": "/"} if os.geteuid() == 0 else {}
