"""The page in a real browser, on a service whose models answer at once: every state it can be in, on demand."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from serve.service import Service
from serve.settings import Settings
from tests.browser import launched, visited
from tests.serve.conftest import InstantModels
from tests.serve.sockets import serving


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


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
