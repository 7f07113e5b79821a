"""The tagger as a Ray Serve deployment: papers of all calls in batches by tokens, each answered once it is read."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from serve.extractor.normalisation import Normaliser
from serve.extractor.resolution import Resolved
from serve.extractor.support import resolve_tags
from serve.extractor.tagger import TaggerModel
from serve.extractor.tagging import Row, TaggedRow
from serve.extractor.vocabulary import CATALOG_ENTRY
from serve.hardware import use_cores
from serve.logs import configure_logs, log
from serve.model_store import ModelStore
from serve.settings import BatchedModelSettings, LogSettings
from serve.stages import DiseaseReading, StageFailure
from serve.text.document import Document
from serve.token_batcher import TokenBatcher


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: TaggerModel
    normaliser: Normaliser
    revision: str


class Tagger:
    """Answers as the generating extractor does, from one pass over the text and without writing a token."""

    async def __init__(  # type: ignore[misc]  # Ray Serve awaits it
        self, settings: BatchedModelSettings, logs: LogSettings
    ) -> None:
        configure_logs(logs)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tagger")
        self._loaded: _Loaded = await self._in_worker(_load, settings)
        self._batcher: TokenBatcher[Row, TaggedRow] = TokenBatcher(
            self._loaded.model.predict,
            self._worker,
            max_batch_tokens=settings.max_batch_tokens,
            wait_s=settings.batch_wait_s,
        )

    async def _in_worker(self, function, *args):  # type: ignore[no-untyped-def]
        return await asyncio.get_running_loop().run_in_executor(self._worker, function, *args)

    async def name(self) -> str:
        """`name@revision` of the weights that answer."""
        return self._loaded.revision

    async def extract(self, documents: Sequence[Document]) -> AsyncIterator[tuple[int, DiseaseReading | StageFailure]]:
        """Yield `(index, reading)` for each document as soon as it is read, in any order."""
        rows: list[list[Row]] = await self._in_worker(self._loaded.model.encode, documents)
        tasks = [
            asyncio.create_task(self._read(index, document, of))
            for index, (document, of) in enumerate(zip(documents, rows, strict=True))
        ]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            # The caller went away or ran out of time: what has not begun is not read.
            for unfinished in tasks:
                unfinished.cancel()

    async def _read(self, index: int, document: Document, rows: list[Row]) -> tuple[int, DiseaseReading | StageFailure]:
        try:
            return index, await self._reading(document, rows)
        except Exception:  # of whatever kind: its neighbours are read all the same
            log.exception("extraction_failed")
            return index, StageFailure("extraction_failed", "The extractor could not read this paper; send it again.")

    async def _reading(self, document: Document, rows: list[Row]) -> DiseaseReading:
        answered = await self._batcher.run(rows)
        started_s = time.monotonic()
        resolved = await asyncio.to_thread(self._resolve, [row.answer for row in answered], document)
        return DiseaseReading(
            mentions=resolved.mentions,
            prompt_tokens=sum(len(row.ids) for row in rows),
            completion_tokens=0,
            ungrounded=resolved.ungrounded,
            queue_ms=min((row.queue_ms for row in answered), default=0.0),
            work_ms=max((row.work_ms for row in answered), default=0.0) + (time.monotonic() - started_s) * 1e3,
            areas=resolved.areas,
        )

    def _resolve(self, rows: Sequence[TaggedRow], document: Document) -> Resolved:
        return resolve_tags(rows, document, self._loaded.model.support, self._loaded.normaliser)


def _load(settings: BatchedModelSettings) -> _Loaded:
    use_cores(settings.share_of_cores)
    started_s = time.monotonic()
    prepared = ModelStore().prepare(settings.model)
    normaliser = Normaliser.load(ModelStore().prepare(CATALOG_ENTRY).path)
    model = TaggerModel(prepared.path, dtype=settings.dtype, max_tokens=settings.max_tokens)
    [rows] = model.encode([Document("Warm-up", "A case of asthma was seen.")])
    model.predict(rows)
    log.info("tagger_ready", model=prepared.name, seconds=round(time.monotonic() - started_s, 1))
    return _Loaded(model, normaliser, prepared.id)
