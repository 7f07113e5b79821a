"""The page in a real browser, on a service whose models answer at once: every state it can be in, on demand."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from serve.http import create_app
from serve.service import Service
from serve.settings import Settings
from tests.browser import launched, visited
from tests.serve.conftest import InstantModels


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """The service on a free port of the loopback, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(service), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = server.force_exit = True
            thread.join()


@pytest.fixture
def service(settings: Settings, models: InstantModels) -> Service:
    return Service(settings, models)


@pytest.fixture
def url(service: Service) -> Iterator[str]:
    with serving(service) as url:
        yield url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    with visited(browser, url) as page:
        yield page
