"""Models of simulated speed for `bulk.job`, as its workers hold them. One token is four characters."""

import os
import time
from collections.abc import Collection, Sequence

from loadtest.simulated_models import first_word
from pubserve.contract import ModelNames, Task
from serve.settings import Settings
from serve.stages import DiseaseReading, LabelReading, StageFailure
from serve.text.document import Document

LOADER = f"{__name__}:SimulatedLoader"
SPEED_VARIABLE = "SIMULATED_TOKENS_PER_S"
"""Of each model in each worker; the workers of a Ray that is started here inherit it."""

_NAMES = ModelNames(classifier="simulated-classifier@0", extractor="simulated-tagger@0")


class SimulatedLoader:
    """A `bulk.models.Loader`."""

    def names(self, settings: Settings, tasks: Collection[Task]) -> ModelNames:
        return _NAMES

    def prepare(self, settings: Settings, tasks: Collection[Task]) -> list[str]:
        return []

    def load(self, settings: Settings, tasks: Collection[Task]) -> "SimulatedModels":
        return SimulatedModels(float(os.environ.get(SPEED_VARIABLE, "inf")))


class SimulatedModels:
    """Every paper is about cancer, and its first word is a disease."""

    names = _NAMES

    def __init__(self, tokens_per_s: float) -> None:
        self._tokens_per_s = tokens_per_s

    def classify(self, documents: Sequence[Document]) -> list[LabelReading]:
        self._work(documents)
        confidences = {"Cancer": 0.9, "Non-Cancer": 0.1}
        return [
            LabelReading(["Cancer"], confidences, document.estimated_tokens, False, queue_ms=0, work_ms=0)
            for document in documents
        ]

    def extract(self, documents: Sequence[Document]) -> list[DiseaseReading | StageFailure]:
        self._work(documents)
        return [
            DiseaseReading([first_word(document)], document.estimated_tokens, 0, 0, queue_ms=0, work_ms=0)
            for document in documents
        ]

    def _work(self, documents: Sequence[Document]) -> None:
        time.sleep(sum(document.estimated_tokens for document in documents) / self._tokens_per_s)
