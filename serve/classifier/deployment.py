"""The classifier as a Ray Serve deployment: dynamic batches by tokens, model work off the event loop."""

import asyncio
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ray import serve

from serve.classifier.batching import padding_share
from serve.classifier.input import EncodedText
from serve.classifier.model import ClassifierModel
from serve.logs import configure_logs, log
from serve.model_store import ModelStore
from serve.settings import ClassifierSettings, LogSettings
from serve.stages import BatchStats, LabelReading
from serve.text.document import Document


@dataclass(frozen=True, slots=True)
class _Job:
    text: EncodedText
    enqueued_s: float


def padded_tokens(jobs: Sequence[_Job]) -> int:
    """Size of a batch: rows times longest row, which is what a forward pass costs."""
    return len(jobs) * max(len(job.text.ids) for job in jobs)


class Classifier:
    """Many papers arrive in one call and are batched with those of other calls, by tokens."""

    async def __init__(  # type: ignore[misc]  # Ray Serve awaits it
        self, settings: ClassifierSettings, logs: LogSettings
    ) -> None:
        configure_logs(logs)
        self._settings = settings
        # One thread: passes of one replica would only fight for the same cores or the same GPU.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="classifier")
        self._run_batch.set_max_batch_size(settings.max_batch_tokens)
        self._run_batch.set_batch_wait_timeout_s(settings.batch_wait_s)
        self._model, self.revision = await self._in_worker(self._load)

    def _load(self) -> tuple[ClassifierModel, str]:
        import torch

        # Said explicitly: Ray would give a replica as many threads as it reserves logical CPUs.
        torch.set_num_threads(self._settings.threads or len(os.sched_getaffinity(0)))
        started = time.monotonic()
        prepared = ModelStore().prepare(self._settings.model)
        model = ClassifierModel(prepared.path, dtype=self._settings.dtype, max_tokens=self._settings.max_tokens)
        model.predict(model.encode([Document("Warm-up", "")]))
        log.info("classifier_ready", model=prepared.name, seconds=round(time.monotonic() - started, 1))
        return model, prepared.id

    async def _in_worker(self, function, *args):  # type: ignore[no-untyped-def]
        return await asyncio.get_running_loop().run_in_executor(self._worker, function, *args)

    async def name(self) -> str:
        """`name@revision` of the weights that answer."""
        return self.revision

    async def classify(self, documents: Sequence[Document]) -> list[LabelReading]:
        """One reading per document, in order."""
        arrived_s = time.monotonic()
        encoded: list[EncodedText] = await self._in_worker(self._model.encode, documents)
        # Neighbours in the queue end up in one batch, so similar lengths should be neighbours.
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].ids))
        readings = await asyncio.gather(*(self._run_batch(_Job(encoded[i], arrived_s)) for i in order))
        by_index = dict(zip(order, readings, strict=True))
        return [by_index[i] for i in range(len(encoded))]

    @serve.batch(max_batch_size=2**31, batch_wait_timeout_s=0.0, batch_size_fn=padded_tokens)
    async def _run_batch(self, jobs: list[_Job]) -> list[LabelReading]:
        started_s = time.monotonic()
        texts = [job.text for job in jobs]
        predictions = await self._in_worker(self._model.predict, texts)
        work_ms = (time.monotonic() - started_s) * 1e3
        readings = [
            LabelReading(
                predicted=prediction.predicted,
                confidences=prediction.confidences,
                tokens=len(job.text.ids),
                truncated=job.text.truncated,
                queue_ms=(started_s - job.enqueued_s) * 1e3,
                work_ms=work_ms,
            )
            for job, prediction in zip(jobs, predictions, strict=True)
        ]
        lengths = [len(text.ids) for text in texts]
        stats = BatchStats(len(jobs), padded_tokens(jobs), padding_share(lengths))
        return [replace(readings[0], batch=stats), *readings[1:]]
