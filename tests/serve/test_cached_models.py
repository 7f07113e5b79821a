"""The same text is read once, whoever asks, and only as long as the same weights would answer."""

from collections.abc import Sequence

import pytest

from pubserve.contract import ModelNames
from serve.cache import MemoryCache
from serve.cached_models import CachedModels
from serve.metrics import Metrics
from serve.stages import DiseaseReading, StageFailure
from serve.text.document import Document
from serve.turns import Turn
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

ASTHMA, CANCER, OTHER = Document("asthma", ""), Document("", "lung cancer"), Document("neither", "of both")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def cached(models: InstantModels, metrics: Metrics) -> CachedModels:
    return CachedModels(models, MemoryCache(max_bytes=10**6), metrics)


async def extracted(models: CachedModels, documents: Sequence[Document]) -> dict[int, DiseaseReading | StageFailure]:
    return {place: reading async for place, reading in models.extract(documents, Turn())}


async def test_labels_of_a_known_text_are_not_asked_for_again(cached: CachedModels, models: InstantModels) -> None:
    first = await cached.classify([ASTHMA, CANCER], Turn())
    second = await cached.classify([CANCER, OTHER, ASTHMA], Turn())

    assert models.calls == [2, 1]
    assert [r.predicted for r in second] == [["Cancer"], ["Non-Cancer"], ["Non-Cancer"]]
    assert second[0].confidences == first[1].confidences


async def test_diseases_of_a_known_text_are_the_same(cached: CachedModels) -> None:
    first = await extracted(cached, [ASTHMA, CANCER])
    second = await extracted(cached, [OTHER, CANCER, ASTHMA])

    mentions = {place: reading.mentions for place, reading in second.items() if isinstance(reading, DiseaseReading)}
    assert sorted(second) == [0, 1, 2]
    assert [m.text for m in mentions[1]] == ["lung cancer"]
    assert isinstance(first[0], DiseaseReading)
    assert mentions[2] == first[0].mentions


async def test_what_was_remembered_took_no_time_and_was_in_no_batch(cached: CachedModels) -> None:
    await cached.classify([ASTHMA], Turn())
    [again] = await cached.classify([ASTHMA], Turn())

    assert (again.queue_ms, again.work_ms, again.batches) == (0, 0, ())


async def test_a_failure_is_not_remembered(cached: CachedModels, models: InstantModels) -> None:
    models.fail_on = "asthma"
    failed = await extracted(cached, [ASTHMA])
    models.fail_on = None
    read = await extracted(cached, [ASTHMA])

    assert isinstance(failed[0], StageFailure)
    assert isinstance(read[0], DiseaseReading)


async def test_other_weights_are_asked_anew(models: InstantModels, monkeypatch: pytest.MonkeyPatch) -> None:
    async def retrained() -> ModelNames:
        return ModelNames(classifier="classifier@2", extractor="extractor@2")

    cache = MemoryCache(max_bytes=10**6)
    await CachedModels(models, cache, Metrics()).classify([ASTHMA], Turn())
    monkeypatch.setattr(models, "names", retrained)
    await CachedModels(models, cache, Metrics()).classify([ASTHMA], Turn())

    assert models.calls == [1, 1]


async def test_title_and_abstract_are_not_run_together(cached: CachedModels, models: InstantModels) -> None:
    await cached.classify([Document("ab", "c"), Document("a", "bc")], Turn())
    await cached.classify([Document("abc", "")], Turn())

    assert models.calls == [2, 1]


async def test_lookups_are_counted_by_stage(cached: CachedModels, metrics: Metrics) -> None:
    await cached.classify([ASTHMA, CANCER], Turn())
    await cached.classify([ASTHMA], Turn())

    assert 'pubserve_cache_lookups_total{outcome="hit",stage="classify"} 1.0' in metrics.render().decode()
    assert 'pubserve_cache_lookups_total{outcome="miss",stage="classify"} 2.0' in metrics.render().decode()


async def test_closing_the_readings_closes_those_of_the_models(cached: CachedModels, models: InstantModels) -> None:
    models.stall_on = "lung"
    readings = cached.extract([ASTHMA, CANCER], Turn())
    await anext(readings)
    await readings.aclose()

    assert models.cancelled == 1
