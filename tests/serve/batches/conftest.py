"""Services that share what they keep, with small limits."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from serve.service import Service
from serve.settings import Settings
from tests import postgresql_server
from tests.postgresql_server import PostgresqlServer
from tests.serve.batches.services import client_of
from tests.serve.conftest import InstantModels


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    batches = {"state_dir": str(tmp_path), "lease_s": 5, "group_bytes": 4_000, "max_lines": 1_000}
    return settings.model_copy(update={"batches": settings.batches.model_copy(update=batches)})


@pytest.fixture
def service(settings: Settings, models: InstantModels) -> Service:
    return Service(settings, models)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[AsyncOpenAI]:
    async with client_of(service) as client:
        yield client


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    with postgresql_server.running() as server:
        yield server
