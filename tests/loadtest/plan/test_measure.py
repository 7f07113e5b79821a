"""Speeds from a service with models of simulated speed: the real HTTP application, without Ray."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import httpx
import pytest

from loadtest.plan.inputs import Speed, Speeds
from loadtest.plan.measure import Incomplete, measure, predict_s, read
from loadtest.simulated_models import SimulatedClassifier, SimulatedTagger
from pubserve import AsyncClient, Paper
from pubserve.contract import ModelNames
from serve.http import create_app
from serve.pipeline import DiseaseReadings
from serve.service import Service
from serve.settings import Settings
from serve.stages import LabelReading
from serve.text.document import Document
from serve.turns import Turn

PAPERS = [Paper(id=str(n), title="", abstract="x" * 400) for n in range(20)]


class Models:
    """One replica of each simulated model, in this process."""

    def __init__(self, classifier: SimulatedClassifier, tagger: SimulatedTagger) -> None:
        self._classifier = classifier
        self._tagger = tagger

    async def classify(self, documents: Sequence[Document], turn: Turn) -> list[LabelReading]:
        return await self._classifier.classify(documents, turn)

    async def extract(self, documents: Sequence[Document], turn: Turn) -> DiseaseReadings:
        async for ready in self._tagger.extract(documents, turn):
            for reading in ready:
                yield reading

    async def names(self) -> ModelNames:
        return ModelNames(classifier="classifier@0", extractor="tagger@0")

    async def openai(self, kind: str, body: dict[str, Any]) -> AsyncGenerator[str | dict[str, Any], None]:
        yield {}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    classifier = SimulatedClassifier.__new__(SimulatedClassifier)
    await classifier.__init__(40_000)  # type: ignore[misc]  # as Ray Serve does it
    tagger = SimulatedTagger.__new__(SimulatedTagger)
    await tagger.__init__(10_000)  # type: ignore[misc]
    app = create_app(Service(Settings(), Models(classifier, tagger)))
    async with AsyncClient("http://test", transport=httpx.ASGITransport(app)) as client:
        yield client


@pytest.mark.anyio
async def test_speeds_are_those_of_the_models_and_never_above(client: AsyncClient) -> None:
    speeds, reads = await measure(client, PAPERS, replicas=1)

    assert reads["classifier"].tokens == reads["extractor"].tokens
    assert reads["both"].tokens == 2 * reads["extractor"].tokens
    assert speeds.classifier.chars_per_token == pytest.approx(4, rel=0.01)
    assert speeds.extractor.tokens_per_s <= 10_000
    assert speeds.extractor.tokens_per_s < speeds.classifier.tokens_per_s <= 40_000


@pytest.mark.anyio
async def test_papers_are_read_again_by_a_service_that_remembers_them(client: AsyncClient) -> None:
    first, second = [await read(client.extract, PAPERS, replicas=1) for _ in range(2)]

    assert second.seconds >= second.tokens / 10_000
    assert second.tokens == first.tokens


@pytest.mark.anyio
async def test_papers_that_fail_make_a_measurement_worthless(client: AsyncClient) -> None:
    with pytest.raises(Incomplete, match="1 of 21 papers failed"):
        await read(client.analyze, [*PAPERS, Paper(id="empty", title="", abstract="")], replicas=1)


def test_the_time_of_a_batch_is_that_of_the_slower_model() -> None:
    speeds = Speeds(
        classifier=Speed(tokens_per_s=4000, chars_per_token=4),
        extractor=Speed(tokens_per_s=1000, chars_per_token=4),
        in_company=0.5,
    )

    assert predict_s(speeds, PAPERS, replicas=1) == pytest.approx(4)
    assert predict_s(speeds, PAPERS, replicas=4) == pytest.approx(1)
