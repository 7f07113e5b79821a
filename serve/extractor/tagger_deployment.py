"""The tagger as a Ray Serve deployment: papers of all calls in batches by tokens, each answered once it is read."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from serve import tracing
from serve.concurrency import as_ready, in_thread
from serve.extractor.disease_names import CATALOG_ENTRY, DiseaseNames
from serve.extractor.normalisation import Normaliser
from serve.extractor.resolution import Resolved
from serve.extractor.support import resolve_tags
from serve.extractor.tagger import TaggerModel
from serve.extractor.tagging import Row, TaggedRow
from serve.hardware import passes_at_once, use_threads
from serve.logs import configure_logs, log
from serve.model_store import ModelStore
from serve.settings import BatchedModelSettings, LogSettings, TracingSettings
from serve.stages import DiseaseReading, StageFailure
from serve.text.document import Document
from serve.token_batcher import TokenBatcher
from serve.turns import Turn


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: TaggerModel
    normaliser: Normaliser
    revision: str


class Tagger:
    """Answers as the generating extractor does, from one pass over the text and without writing a token."""

    async def __init__(  # type: ignore[misc]  # Ray Serve awaits it
        self, settings: BatchedModelSettings, logs: LogSettings, traces: TracingSettings
    ) -> None:
        configure_logs(logs)
        tracing.configure_tracing(traces, component="tagger")
        self._tokenising = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokeniser")
        self._loaded: _Loaded = await asyncio.to_thread(_load, settings)
        self._batcher: TokenBatcher[Row, TaggedRow] = TokenBatcher(
            self._loaded.model.predict,
            passes=passes_at_once(settings.share_of_cores, threads=settings.threads),
            max_batch_tokens=settings.max_batch_tokens,
            wait_s=settings.batch_wait_s,
            begin_thread=partial(use_threads, settings.threads),
        )

    async def name(self) -> str:
        """`name@revision` of the weights that answer."""
        return self._loaded.revision

    async def extract(
        self, documents: Sequence[Document], turn: Turn
    ) -> AsyncIterator[list[tuple[int, DiseaseReading | StageFailure]]]:
        """Yield `(index, reading)` of the documents that are read, as soon as any is, in any order."""
        with tracing.continued("tagger", turn, papers=len(documents)) as turn:
            # Apart from the model's own threads: the next papers are ready when a batch is done.
            rows: list[list[Row]] = await in_thread(self._tokenising, self._loaded.model.encode, documents)
            papers = enumerate(zip(documents, rows, strict=True))
            work = [self._read(index, document, of_paper, turn) for index, (document, of_paper) in papers]
            async with aclosing(as_ready(work)) as readings:
                async for ready in readings:
                    yield ready

    async def _read(
        self, index: int, document: Document, rows: list[Row], turn: Turn
    ) -> tuple[int, DiseaseReading | StageFailure]:
        try:
            return index, await self._reading(document, rows, turn)
        except Exception:  # of whatever kind: its neighbours are read all the same
            log.exception("extraction_failed", traceparent=turn.trace)
            return index, StageFailure("extraction_failed", "The extractor could not read this paper; send it again.")

    async def _reading(self, document: Document, rows: list[Row], turn: Turn) -> DiseaseReading:
        answered = await self._batcher.run(rows, turn)
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
            batches=tuple(row.batch for row in answered if row.batch),
        )

    def _resolve(self, rows: Sequence[TaggedRow], document: Document) -> Resolved:
        return resolve_tags(rows, document, self._loaded.model.support, self._loaded.normaliser)


def _load(settings: BatchedModelSettings) -> _Loaded:
    started_s = time.monotonic()
    prepared = ModelStore().prepare(settings.model, verify=True)
    normaliser = Normaliser(DiseaseNames.load(ModelStore().prepare(CATALOG_ENTRY, verify=True).path))
    model = TaggerModel(prepared.path, dtype=settings.dtype, max_tokens=settings.max_tokens)
    [rows] = model.encode([Document("Warm-up", "A case of asthma was seen.")])
    model.predict(rows)
    log.info("tagger_ready", model=prepared.name, seconds=round(time.monotonic() - started_s, 1))
    return _Loaded(model, normaliser, prepared.id)
