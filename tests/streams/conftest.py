"""A service that answers without a network, and workers that are set up for tests: they wait for nothing long."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import structlog

from pubserve import AsyncClient
from pubserve.testing import MockTransport
from serve.logs import configure_logs
from serve.settings import LogSettings
from streams.metrics import WorkerMetrics
from streams.reading import Reading
from streams.settings import WorkerSettings
from tests import redis_server
from tests.streams import kafka_broker
from tests.streams.kafka_broker import KafkaBroker

MakeSettings = Callable[..., WorkerSettings]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Logs as in production: JSON on the standard error of now."""
    configure_logs(LogSettings(level="DEBUG"))
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server.running(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaBroker]:
    with kafka_broker.running() as broker:
        yield broker


@pytest.fixture
def make_settings(redis_url: str, request: pytest.FixtureRequest) -> MakeSettings:
    """Settings of a worker whose streams are this test's own."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)

    def make(**given: object) -> WorkerSettings:
        quick = {
            "broker_url": redis_url,
            "source": f"{name}-papers",
            "output": f"{name}-analyses",
            "group": name,
            "batch_wait_s": 0.05,
            "backoff_initial_s": 0.01,
            "backoff_max_s": 0.05,
            "backlog_poll_s": 0.05,
        }
        return WorkerSettings.model_validate(quick | given)

    return make


@pytest.fixture
def settings(make_settings: MakeSettings) -> WorkerSettings:
    return make_settings()


@pytest.fixture
def service() -> MockTransport:
    return MockTransport()


@pytest.fixture
async def client(service: MockTransport, settings: WorkerSettings) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=service, retries=settings.retries) as client:
        yield client


@pytest.fixture
def metrics() -> WorkerMetrics:
    return WorkerMetrics()


@pytest.fixture
def reading(client: AsyncClient, settings: WorkerSettings, metrics: WorkerMetrics) -> Reading:
    return Reading(client, settings, metrics)
