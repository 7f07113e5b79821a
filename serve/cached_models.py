"""Models that remember: the same text and the same weights give the same answer."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import TypeAdapter

from pubserve.contract import ModelNames
from serve.cache import Cache
from serve.metrics import Metrics
from serve.pipeline import DiseaseReadings, Models
from serve.stages import DiseaseReading, LabelReading
from serve.text.document import Document
from serve.turns import Turn

_LABELS = TypeAdapter(LabelReading)
_DISEASES = TypeAdapter(DiseaseReading)

Reading = TypeVar("Reading", LabelReading, DiseaseReading)


class CachedModels:
    """Asks the models only about what is not in the cache. What failed is not remembered.

    A reading is kept under the hash of the text and the revision of the weights, so that it cannot outlive either.
    """

    def __init__(self, models: Models, cache: Cache, metrics: Metrics) -> None:
        self._models = models
        self._cache = cache
        self._metrics = metrics
        self._names: ModelNames | None = None

    async def names(self) -> ModelNames:
        return await self._models.names()

    async def classify(self, documents: Sequence[Document], turn: Turn) -> list[LabelReading]:
        keys = await self._keys("classify", documents)
        known = await self._look_up("classify", keys, _LABELS)
        unknown = [place for place in range(len(documents)) if place not in known]
        if unknown:
            fresh = await self._models.classify([documents[place] for place in unknown], turn)
            for place, reading in zip(unknown, fresh, strict=True):
                known[place] = reading
                await self._keep(keys[place], replace(reading, queue_ms=0.0, work_ms=0.0, batches=()), _LABELS)
        return [known[place] for place in range(len(documents))]

    async def extract(self, documents: Sequence[Document], turn: Turn) -> DiseaseReadings:
        keys = await self._keys("extract", documents)
        known = await self._look_up("extract", keys, _DISEASES)
        for place, reading in known.items():
            yield place, reading
        unknown = [place for place in range(len(documents)) if place not in known]
        if not unknown:
            return
        readings = self._models.extract([documents[place] for place in unknown], turn)
        try:
            async for index, reading_or_failure in readings:
                if isinstance(reading_or_failure, DiseaseReading):
                    kept = replace(reading_or_failure, queue_ms=0.0, work_ms=0.0, batches=())
                    await self._keep(keys[unknown[index]], kept, _DISEASES)
                yield unknown[index], reading_or_failure
        finally:
            await readings.aclose()

    async def _keys(self, stage: str, documents: Sequence[Document]) -> list[str]:
        names = self._names = self._names or await self._models.names()
        revision = names.classifier if stage == "classify" else names.extractor
        return [_key(stage, revision, document) for document in documents]

    async def _look_up(self, stage: str, keys: Sequence[str], kind: TypeAdapter[Reading]) -> dict[int, Reading]:
        found = await self._cache.get_many(keys)
        known = {place: kind.validate_json(value) for place, value in enumerate(found) if value is not None}
        self._metrics.cache.labels(stage, "hit").inc(len(known))
        self._metrics.cache.labels(stage, "miss").inc(len(keys) - len(known))
        return known

    async def _keep(self, key: str, reading: Any, kind: TypeAdapter[Any]) -> None:
        await self._cache.put(key, kind.dump_json(reading))


def _key(stage: str, revision: str | None, document: Document) -> str:
    content = json.dumps([stage, revision, document.title, document.abstract])
    return hashlib.sha256(content.encode("ascii")).hexdigest()
