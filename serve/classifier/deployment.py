"""The classifier as a Ray Serve deployment: dynamic batches by tokens, model work off the event loop."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from serve.classifier.input import EncodedText
from serve.classifier.model import ClassifierModel, Prediction
from serve.hardware import use_threads
from serve.logs import configure_logs, log
from serve.model_store import ModelStore
from serve.settings import BatchedModelSettings, LogSettings
from serve.stages import LabelReading
from serve.text.document import Document
from serve.token_batcher import TokenBatcher


class Classifier:
    """Many papers arrive in one call and are batched with those of other calls, by tokens."""

    async def __init__(  # type: ignore[misc]  # Ray Serve awaits it
        self, settings: BatchedModelSettings, logs: LogSettings
    ) -> None:
        configure_logs(logs)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="classifier")
        self._model, self.revision = await self._in_worker(_load, settings)
        self._batcher: TokenBatcher[EncodedText, Prediction] = TokenBatcher(
            self._model.predict,
            self._worker,
            max_batch_tokens=settings.max_batch_tokens,
            wait_s=settings.batch_wait_s,
        )

    async def _in_worker(self, function, *args):  # type: ignore[no-untyped-def]
        return await asyncio.get_running_loop().run_in_executor(self._worker, function, *args)

    async def name(self) -> str:
        """`name@revision` of the weights that answer."""
        return self.revision

    async def classify(self, documents: Sequence[Document]) -> list[LabelReading]:
        """One reading per document, in order."""
        texts: list[EncodedText] = await self._in_worker(self._model.encode, documents)
        return [
            LabelReading(
                predicted=done.answer.predicted,
                confidences=done.answer.confidences,
                tokens=len(text.ids),
                truncated=text.truncated,
                queue_ms=done.queue_ms,
                work_ms=done.work_ms,
                batch=done.batch,
            )
            for text, done in zip(texts, await self._batcher.run(texts), strict=True)
        ]


def _load(settings: BatchedModelSettings) -> tuple[ClassifierModel, str]:
    use_threads(settings.threads)
    started_s = time.monotonic()
    prepared = ModelStore().prepare(settings.model)
    model = ClassifierModel(prepared.path, dtype=settings.dtype, max_tokens=settings.max_tokens)
    model.predict(model.encode([Document("Warm-up", "")]))
    log.info("classifier_ready", model=prepared.name, seconds=round(time.monotonic() - started_s, 1))
    return model, prepared.id
