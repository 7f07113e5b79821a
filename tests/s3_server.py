"""A real server of S3's protocol (moto) for tests, on a free port of the loopback. It keeps everything in memory."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.server import ThreadedMotoServer

OWNER = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def running() -> Iterator[str]:
    """Its URL, for the length of the block; the processes that are started meanwhile find it by their environment."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (OWNER | {"AWS_ENDPOINT_URL": url}).items():
                patch.setenv(name, value)
            yield url
    finally:
        server.stop()
