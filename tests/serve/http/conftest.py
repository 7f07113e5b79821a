"""The HTTP application, driven without a network."""

from collections.abc import AsyncIterator

import httpx
import pytest

from serve.http import create_app
from serve.service import Service
from serve.settings import Settings
from tests.serve.conftest import InstantModels


@pytest.fixture
def service(settings: Settings, models: InstantModels) -> Service:
    return Service(settings, models)


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
