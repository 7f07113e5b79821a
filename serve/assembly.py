"""One paper's answer, put together from what the stages said of it."""

from collections.abc import Collection
from dataclasses import dataclass

from pubserve.contract import Analysis, Mention, ModelNames, Paper, Task, Timings
from serve.jobs import Job
from serve.parsing import Parsed
from serve.stages import DiseaseReading, LabelReading
from serve.text.topics import area_topics


@dataclass(frozen=True, slots=True)
class Readings:
    """What the stages said of one paper; None for a stage that was not needed."""

    labels: LabelReading | None
    diseases: DiseaseReading | None
    parsed: Parsed | None


def assemble(
    job: Job,
    readings: Readings,
    tasks: Collection[Task],
    *,
    names: ModelNames,
    waited_ms: float,
) -> Analysis:
    """One paper's answer from what the stages said; what was not asked for leaves its fields empty."""
    labels, diseases, parsed = readings.labels, readings.diseases, readings.parsed
    mentions = diseases.mentions if diseases and Task.DISEASES in tasks else []
    warnings = [*job.document.warnings, *job.warnings]
    if labels and labels.truncated and "abstract_truncated" not in warnings:
        warnings.append("abstract_truncated")
    if labels and diseases and _disagree(labels, diseases):
        warnings.append("labels_disagree_with_diseases")
    waits_ms = [reading.queue_ms for reading in (labels, diseases) if reading]
    return Analysis(
        abstract_id=job.paper.id,
        predicted_labels=labels.predicted if labels else [],
        confidence_scores=labels.confidences if labels else {},
        extracted_diseases=list(dict.fromkeys(m.disease for m in mentions)),
        mentions=[as_sent(mention, job.paper) for mention in mentions],
        citations=parsed.citations if parsed else [],
        topics=[*(parsed.topics if parsed else []), *_areas(diseases, tasks)],
        summary=parsed.summary if parsed else None,
        warnings=warnings,
        models=ModelNames(
            classifier=names.classifier if labels else None, extractor=names.extractor if diseases else None
        ),
        timings_ms=Timings(
            queue=round(waited_ms + min(waits_ms, default=0.0), 2),
            classify=round(labels.work_ms, 2) if labels else None,
            extract=round(diseases.work_ms, 2) if diseases else None,
        ),
    )


def _areas(diseases: DiseaseReading | None, tasks: Collection[Task]) -> list[str]:
    return area_topics(diseases.areas) if diseases and Task.TOPICS in tasks else []


def _disagree(labels: LabelReading, diseases: DiseaseReading) -> bool:
    """A paper that names a cancer need not be about cancer; but whoever reads one of the two answers should know."""
    names_a_cancer = any(mention.is_cancer and not mention.negated for mention in diseases.mentions)
    return names_a_cancer and "Cancer" not in labels.predicted


def as_sent(mention: Mention, paper: Paper) -> Mention:
    """The mention in the caller's own characters, where the models read replacements for some of them."""
    text = (getattr(paper, mention.field) or "")[mention.start : mention.end]
    return mention if text == mention.text else mention.model_copy(update={"text": text})
