"""The service on a real socket, with models that answer at once."""

from collections.abc import Iterator
from threading import Thread
from time import sleep

import pytest
import uvicorn

from serve.http import create_app
from serve.service import Service
from serve.settings import Settings
from tests.serve.chatting import ChattingModels

POLL_S = 0.01


@pytest.fixture(scope="session")
def service_url() -> Iterator[str]:
    app = create_app(Service(Settings(profile="cpu", cache={"enabled": False}), ChattingModels()))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=1))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        sleep(POLL_S)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
