"""From records to what the service would answer for them. Knows neither Ray nor files."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from bulk.errors import ModelsFail
from bulk.models import DISEASE_TASKS, LABEL_TASKS, Models
from bulk.units import Record
from pubserve.contract import Analysis, Failure, Paper, Result, Task
from pubserve.formats.records import Defect, PaperRecord
from serve.assembly import Readings, assemble
from serve.errors import InvalidRequest, ServiceError
from serve.jobs import Job, job_from
from serve.logs import log
from serve.papers import PaperOrNot, UnusablePaper
from serve.parsing import PARSED_TASKS, parse
from serve.stages import StageFailure
from serve.text.document import Document

_PAPER: TypeAdapter[Paper | UnusablePaper] = TypeAdapter(PaperOrNot)
_FAILED = StageFailure("model_failed", "The models failed on this paper, alone as among others.")


@dataclass(frozen=True, slots=True)
class Analysed:
    """A record with its answer; None for one that is no paper."""

    record: Record
    result: Result | None


class Analyst:
    """Reads the papers among the records of a unit, all at once."""

    def __init__(self, models: Models, tasks: Collection[Task], *, max_field_chars: int) -> None:
        self._models = models
        self._tasks = tasks
        self._max_field_chars = max_field_chars

    def analyse(self, records: Sequence[Record]) -> list[Analysed]:
        """Every record once, in order. One bad paper never fails its neighbours.

        Raises:
            ModelsFail: not one of several papers can be read.
        """
        answers: dict[int, Result] = {}
        jobs: list[Job] = []
        for index, record in enumerate(records):
            if not isinstance(record.found, Defect):
                job = self._job(index, record.found)
                if isinstance(job, Failure):
                    answers[index] = job
                else:
                    jobs.append(job)
        answers |= {job.index: result for job, result in zip(jobs, self._results(jobs), strict=True)}
        return [Analysed(record, answers.get(index)) for index, record in enumerate(records)]

    def _job(self, index: int, found: PaperRecord) -> Job | Failure:
        paper = _PAPER.validate_python(
            {"id": found.id, "title": found.title or None, "abstract": found.abstract or None}
        )
        if isinstance(paper, UnusablePaper):
            problem = InvalidRequest(f"{paper.field}: {paper.reason}", param=paper.field)
            return Failure(abstract_id=found.id, error=problem.body)
        document = Document.from_caller(paper.title, paper.abstract, max_field_chars=self._max_field_chars)
        try:
            return job_from(index, paper, document)
        except ServiceError as error:
            return Failure(abstract_id=paper.id, error=error.body)

    def _results(self, jobs: Sequence[Job]) -> Iterator[Result]:
        for job, readings in zip(jobs, self._readings([job.document for job in jobs]), strict=True):
            if isinstance(readings, StageFailure):
                error = ServiceError(readings.message, code=readings.code)
                yield Failure(abstract_id=job.paper.id, error=error.body)
            else:
                yield self._assembled(job, readings)

    def _assembled(self, job: Job, readings: Readings) -> Analysis:
        return assemble(job, readings, self._tasks, names=self._models.names, waited_ms=0)

    def _readings(self, documents: Sequence[Document]) -> list[Readings | StageFailure]:
        if not documents:
            return []
        try:
            return self._read(documents)
        except Exception as error:  # of whatever kind: it may be one paper's fault, and the others are read
            log.exception("unit_failed", papers=len(documents))
            alone = [self._read_alone(document) for document in documents]
            if len(alone) > 1 and all(isinstance(readings, StageFailure) for readings in alone):
                raise ModelsFail(
                    f"The models fail on every paper ({type(error).__name__}).",
                    "See the logs of the workers; the same command goes on where the job stopped.",
                ) from error
            return alone

    def _read_alone(self, document: Document) -> Readings | StageFailure:
        try:
            return self._read([document])[0]
        except Exception:
            log.exception("paper_failed")
            return _FAILED

    def _read(self, documents: Sequence[Document]) -> list[Readings | StageFailure]:
        tasks = self._tasks
        nothing = [None] * len(documents)
        labels = nothing if LABEL_TASKS.isdisjoint(tasks) else self._models.classify(documents)
        diseases = nothing if DISEASE_TASKS.isdisjoint(tasks) else self._models.extract(documents)
        parsed = nothing if PARSED_TASKS.isdisjoint(tasks) else [parse(document, tasks) for document in documents]
        return [
            failed_or if isinstance(failed_or, StageFailure) else Readings(label, failed_or, said)
            for label, failed_or, said in zip(labels, diseases, parsed, strict=True)
        ]
