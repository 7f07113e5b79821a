"""Both models in one process, reading many papers at once in batches filled by tokens over all of them."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from bulk.errors import ModelsUnavailable
from pubserve.contract import ModelNames, Task
from serve.batching import plan_least_work, predict_in_batches
from serve.extractor.disease_names import CATALOG_ENTRY
from serve.logs import log
from serve.model_store import ModelStore
from serve.settings import BatchedModelSettings, Settings
from serve.stages import DiseaseReading, LabelReading, StageFailure
from serve.text.document import Document

if TYPE_CHECKING:
    from serve.extractor.tagging import TaggedRow

LABEL_TASKS = frozenset({Task.LABELS})
DISEASE_TASKS = frozenset({Task.DISEASES, Task.TOPICS})
"""Topics have among them the areas of a paper, which are those of its diseases."""

_WARM_UP = Document("Warm-up", "A case of asthma was seen.")


class Models(Protocol):
    """What a worker reads papers with. A model that no task needs is not loaded, and not called."""

    @property
    def names(self) -> ModelNames:
        """`name@revision` of those that are loaded."""

    def classify(self, documents: Sequence[Document]) -> list[LabelReading]:
        """One reading per document, in order."""

    def extract(self, documents: Sequence[Document]) -> list[DiseaseReading | StageFailure]:
        """One reading per document, in order."""


class Loader(Protocol):
    """Loads the models of a worker, and says beforehand which those will be."""

    def names(self, settings: Settings, tasks: Collection[Task]) -> ModelNames:
        """What `load` would load now. Loads nothing."""

    def prepare(self, settings: Settings, tasks: Collection[Task]) -> list[str]:
        """The entries of the catalogue that have to lie ready."""

    def load(self, settings: Settings, tasks: Collection[Task]) -> Models:
        """In the process of the worker; takes seconds."""


class CatalogLoader:
    """The models that the service loads: of the catalogue, by the settings of the profile."""

    def names(self, settings: Settings, tasks: Collection[Task]) -> ModelNames:
        classifier, tagger = _needed(settings, tasks)
        return ModelNames(
            classifier=f"{classifier.model}@{ModelStore().revision(classifier.model)}" if classifier else None,
            extractor=f"{tagger.model}@{ModelStore().revision(tagger.model)}" if tagger else None,
        )

    def prepare(self, settings: Settings, tasks: Collection[Task]) -> list[str]:
        classifier, tagger = _needed(settings, tasks)
        return [*([classifier.model] if classifier else []), *([tagger.model, CATALOG_ENTRY] if tagger else [])]

    def load(self, settings: Settings, tasks: Collection[Task]) -> Models:
        import torch

        # Said explicitly: Ray would give an actor as many threads as it reserves logical CPUs, and torch all cores.
        torch.set_num_threads(max(1, round(settings.bulk.worker_cpus)))
        classifier, tagger = _needed(settings, tasks)
        models = TorchModels(classifier, tagger)
        if classifier:
            models.classify([_WARM_UP])
        if tagger:
            models.extract([_WARM_UP])
        return models


def _needed(
    settings: Settings, tasks: Collection[Task]
) -> tuple[BatchedModelSettings | None, BatchedModelSettings | None]:
    """The settings of the classifier and the tagger, where a task needs them.

    Raises:
        ModelsUnavailable: the profile's extractor is the engine, which writes names and reads no batches.
    """
    tagger = settings.extractor.active_tagger
    if tagger is None and not DISEASE_TASKS.isdisjoint(tasks):
        raise ModelsUnavailable(
            f"In the profile {settings.profile} the extractor is the engine; a job reads with the tagger.",
            "Give the profile `extractor.backend: tagger` and a `tagger` section, or ask with --tasks labels.",
        )
    return (
        None if LABEL_TASKS.isdisjoint(tasks) else settings.classifier,
        None if DISEASE_TASKS.isdisjoint(tasks) else tagger,
    )


class TorchModels:
    """The service's classifier and tagger. Both take turns on the cores of the worker, so that neither waits idle."""

    def __init__(self, classifier: BatchedModelSettings | None, tagger: BatchedModelSettings | None) -> None:
        self._classifier = _Classifier(classifier) if classifier else None
        self._tagger = _Tagger(tagger) if tagger else None

    @property
    def names(self) -> ModelNames:
        return ModelNames(
            classifier=self._classifier.name if self._classifier else None,
            extractor=self._tagger.name if self._tagger else None,
        )

    def classify(self, documents: Sequence[Document]) -> list[LabelReading]:
        assert self._classifier is not None  # no task needs it
        return self._classifier.classify(documents)

    def extract(self, documents: Sequence[Document]) -> list[DiseaseReading | StageFailure]:
        assert self._tagger is not None  # no task needs it
        return self._tagger.extract(documents)


class _Classifier:
    def __init__(self, settings: BatchedModelSettings) -> None:
        from serve.classifier.model import ClassifierModel

        prepared = ModelStore().prepare(settings.model)
        self.name = prepared.id
        self._model = ClassifierModel(prepared.path, dtype=settings.dtype, max_tokens=settings.max_tokens)
        self._plan = partial(plan_least_work, max_batch_tokens=settings.max_batch_tokens)

    def classify(self, documents: Sequence[Document]) -> list[LabelReading]:
        texts = self._model.encode(documents)
        rows = [self._model.rows(text) for text in texts]
        scores = predict_in_batches(self._model.predict, rows, self._plan)
        return [
            LabelReading(said.predicted, said.confidences, len(text.ids), text.truncated, queue_ms=0, work_ms=0)
            for text, said in zip(texts, map(self._model.decide, texts, rows, scores), strict=True)
        ]


class _Tagger:
    def __init__(self, settings: BatchedModelSettings) -> None:
        from serve.extractor.disease_names import DiseaseNames
        from serve.extractor.normalisation import Normaliser
        from serve.extractor.tagger import TaggerModel

        prepared = ModelStore().prepare(settings.model)
        self.name = prepared.id
        self._normaliser = Normaliser(DiseaseNames.load(ModelStore().prepare(CATALOG_ENTRY).path))
        self._model = TaggerModel(prepared.path, dtype=settings.dtype, max_tokens=settings.max_tokens)
        self._batch_tokens = settings.max_batch_tokens

    def extract(self, documents: Sequence[Document]) -> list[DiseaseReading | StageFailure]:
        from serve.extractor.tagger import tag_rows

        rows = self._model.encode(documents)
        tagged = tag_rows(self._model.predict, rows, batch_tokens=self._batch_tokens)
        tokens = [sum(len(row.ids) for row in of_paper) for of_paper in rows]
        return [self._reading(*paper) for paper in zip(documents, tagged, tokens, strict=True)]

    def _reading(self, document: Document, rows: Sequence["TaggedRow"], tokens: int) -> DiseaseReading | StageFailure:
        from serve.extractor.support import resolve_tags

        try:
            found = resolve_tags(rows, document, self._model.support, self._normaliser)
        except Exception:  # of whatever kind: its neighbours are read all the same
            log.exception("extraction_failed")
            return StageFailure("extraction_failed", "The extractor could not read this paper.")
        return DiseaseReading(
            mentions=found.mentions, prompt_tokens=tokens, completion_tokens=0, ungrounded=found.ungrounded,
            queue_ms=0, work_ms=0, areas=found.areas,
        )  # fmt: skip
