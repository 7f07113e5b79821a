"""The classifier as a Ray Serve deployment: dynamic batches by tokens, model work off the event loop."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from serve import tracing
from serve.classifier.input import EncodedText
from serve.classifier.model import ClassifierModel, Row, Scores, classify
from serve.concurrency import in_thread
from serve.hardware import passes_at_once, use_threads
from serve.logs import configure_logs, log
from serve.model_store import ModelStore
from serve.settings import BatchedModelSettings, LogSettings, TracingSettings
from serve.stages import LabelReading
from serve.text.document import Document
from serve.token_batcher import Answered, TokenBatcher
from serve.turns import Turn


class Classifier:
    """Many papers arrive in one call and are batched with those of other calls, by tokens."""

    async def __init__(  # type: ignore[misc]  # Ray Serve awaits it
        self, settings: BatchedModelSettings, logs: LogSettings, traces: TracingSettings
    ) -> None:
        configure_logs(logs)
        tracing.configure_tracing(traces, component="classifier")
        self._tokenising = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tokeniser")
        self._model, self.revision = await asyncio.to_thread(_load, settings)
        self._batcher: TokenBatcher[Row, Scores] = TokenBatcher(
            self._model.predict,
            passes=passes_at_once(settings.share_of_cores, threads=settings.threads),
            max_batch_tokens=settings.max_batch_tokens,
            wait_s=settings.batch_wait_s,
            begin_thread=partial(use_threads, settings.threads),
        )

    async def name(self) -> str:
        """`name@revision` of the weights that answer."""
        return self.revision

    async def classify(self, documents: Sequence[Document], turn: Turn) -> list[LabelReading]:
        """One reading per document, in order."""
        with tracing.continued("classifier", turn, papers=len(documents)) as turn:
            # Apart from the model's own threads: the next papers are ready when a batch is done.
            texts: list[EncodedText] = await in_thread(self._tokenising, self._model.encode, documents)
            rows = [self._model.rows(text) for text in texts]
            answered = iter(await self._batcher.run([row for of_text in rows for row in of_text], turn))
        return [
            self._reading(text, of_text, [next(answered) for _ in of_text])
            for text, of_text in zip(texts, rows, strict=True)
        ]

    def _reading(self, text: EncodedText, rows: Sequence[Row], answered: Sequence[Answered[Scores]]) -> LabelReading:
        prediction = self._model.decide(text, rows, [row.answer for row in answered])
        return LabelReading(
            predicted=prediction.predicted,
            confidences=prediction.confidences,
            tokens=len(text.ids),
            truncated=text.truncated,
            queue_ms=min(row.queue_ms for row in answered),
            work_ms=max(row.work_ms for row in answered),
            batches=tuple(row.batch for row in answered if row.batch),
        )


def _load(settings: BatchedModelSettings) -> tuple[ClassifierModel, str]:
    started_s = time.monotonic()
    prepared = ModelStore().prepare(settings.model, verify=True)
    model = ClassifierModel(prepared.path, dtype=settings.dtype, max_tokens=settings.max_tokens)
    classify(model, [Document("Warm-up", "")], max_batch_tokens=settings.max_batch_tokens)
    log.info("classifier_ready", model=prepared.name, seconds=round(time.monotonic() - started_s, 1))
    return model, prepared.id
