"""Records in, and for each what the service would answer."""

import asyncio
from collections.abc import Sequence

import pytest

from bulk.analysis import Analyst
from bulk.errors import ModelsFail
from bulk.units import Record
from pubserve.contract import DEFAULT_TASKS, Analysis, Failure, ModelNames, Paper, Result, Task
from pubserve.formats.records import Defect, Found, PaperRecord, Reason
from serve.ask import Ask
from serve.service import Service
from serve.settings import Settings
from serve.stages import DiseaseReading, LabelReading, StageFailure
from serve.text.document import Document
from serve.turns import Turn
from tests.serve.conftest import InstantModels

PAPERS = [
    PaperRecord("1", "Relapse of lung cancer after chemotherapy.", "Patients with asthma were left out (Smith, 2001)."),
    PaperRecord("2", "[Asthma in children.]", ""),
    PaperRecord("3", "", "No disease is named, in passing a cancer is. We conclude that nothing follows."),
    PaperRecord("4", "A long one.", "tokens " * 5000),
    PaperRecord("5", "Lung cancer\x00 and asthma.", "It was no lung cancer."),
]


class BatchModels:
    """The instant models of the service's tests, as a worker calls them."""

    def __init__(self, instant: InstantModels) -> None:
        self.instant = instant
        self.names: ModelNames = asyncio.run(instant.names())

    def classify(self, documents: Sequence[Document]) -> list[LabelReading]:
        return asyncio.run(self.instant.classify(documents, Turn()))

    def extract(self, documents: Sequence[Document]) -> list[DiseaseReading | StageFailure]:
        async def readings() -> list[DiseaseReading | StageFailure]:
            found = [pair async for pair in self.instant.extract(documents, Turn())]
            return [reading for _, reading in sorted(found, key=lambda pair: pair[0])]

        return asyncio.run(readings())


def analyst(instant: InstantModels, tasks: Sequence[Task] = DEFAULT_TASKS) -> Analyst:
    return Analyst(BatchModels(instant), tasks, max_field_chars=20_000)


def records(found: Sequence[Found]) -> list[Record]:
    return [Record("papers.jsonl", line, one) for line, one in enumerate(found, 1)]


def results(
    instant: InstantModels, found: Sequence[Found], tasks: Sequence[Task] = DEFAULT_TASKS
) -> list[Result | None]:
    return [one.result for one in analyst(instant, tasks).analyse(records(found))]


async def answered(papers: Sequence[PaperRecord], tasks: Sequence[Task]) -> dict[int, Result]:
    """What the service says of the same papers."""
    service = Service(Settings(profile="cpu", cache={"enabled": False}), InstantModels())
    asked = [Paper(id=p.id, title=p.title or None, abstract=p.abstract or None) for p in papers]
    return {done.index: done.result async for done in service.run(asked, tasks, Ask(deadline_s=60))}


@pytest.mark.parametrize("tasks", [DEFAULT_TASKS, list(Task), [Task.LABELS], [Task.DISEASES], [Task.TOPICS]], ids=str)
def test_every_paper_gets_what_the_service_answers(tasks: Sequence[Task]) -> None:
    expected = asyncio.run(answered(PAPERS, tasks))

    found = results(InstantModels(), PAPERS, tasks)

    assert [one and one.model_dump(exclude={"timings_ms"}) for one in found] == [
        expected[index].model_dump(exclude={"timings_ms"}) for index in range(len(PAPERS))
    ]


def test_what_is_no_paper_stays_in_its_place_without_a_result() -> None:
    defect = Defect(Reason.MALFORMED, "not JSON")

    analysed = analyst(InstantModels()).analyse(records([PAPERS[0], defect, PAPERS[1]]))

    assert [one.record.line for one in analysed] == [1, 2, 3]
    assert [type(one.result) for one in analysed] == [Analysis, type(None), Analysis]


def test_a_unit_without_a_paper_asks_no_model() -> None:
    instant = InstantModels()

    assert results(instant, [Defect(Reason.EMPTY, "no record")]) == [None]
    assert instant.calls == []


def test_a_paper_that_does_not_fit_the_contract_fails_alone_with_the_field_that_is_wrong() -> None:
    first, second = results(InstantModels(), [PaperRecord("x" * 300, "Asthma.", ""), PAPERS[1]])

    assert isinstance(first, Failure)
    assert first.error.message.startswith("id: ")
    assert isinstance(second, Analysis)


def test_a_paper_that_the_extractor_cannot_read_fails_alone() -> None:
    found = results(InstantModels(fail_on="chemotherapy"), PAPERS)

    assert [type(one) for one in found] == [Failure, *[Analysis] * 4]
    assert isinstance(found[0], Failure)
    assert found[0].error.code == "extraction_failed"


class Poisoned(BatchModels):
    """Raises for a whole batch because of one paper in it."""

    def classify(self, documents: Sequence[Document]) -> list[LabelReading]:
        if any("chemotherapy" in document.title for document in documents):
            raise RuntimeError("a number that is none")
        return super().classify(documents)


def test_a_paper_that_brings_its_batch_down_is_found_and_the_others_are_read() -> None:
    poisoned = Analyst(Poisoned(InstantModels()), DEFAULT_TASKS, max_field_chars=20_000)

    found = [one.result for one in poisoned.analyse(records(PAPERS))]

    assert [type(one) for one in found] == [Failure, *[Analysis] * 4]
    assert isinstance(found[0], Failure)
    assert found[0].error.code == "model_failed"


def test_models_that_read_nothing_at_all_stop_the_job_rather_than_make_dead_letters_of_a_corpus() -> None:
    broken = analyst(InstantModels(classify_error=RuntimeError("no memory")))

    with pytest.raises(ModelsFail, match="every paper"):
        broken.analyse(records(PAPERS))
