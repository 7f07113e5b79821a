"""The HTTP application, driven without a network."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from openai import AsyncOpenAI

from serve.http import create_app
from serve.service import Service
from serve.settings import Settings
from tests.serve.batches.services import client_of
from tests.serve.conftest import InstantModels


@pytest.fixture
def service(settings: Settings, models: InstantModels) -> Service:
    return Service(settings, models)


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def files_settings(settings: Settings, tmp_path: Path) -> Settings:
    """Files and batches are kept for the length of the test, and nobody runs them."""
    batches = {"state_dir": str(tmp_path), "running": 0, "max_file_bytes": 20_000, "max_files": 5, "max_unfinished": 3}
    return settings.model_copy(update={"batches": settings.batches.model_copy(update=batches)})


@pytest.fixture
async def client(files_settings: Settings, models: InstantModels) -> AsyncIterator[AsyncOpenAI]:
    async with client_of(Service(files_settings, models)) as client:
        yield client
