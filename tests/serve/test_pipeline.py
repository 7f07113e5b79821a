"""The pipeline alone: order of completion, isolation of failures, cancellation."""

import asyncio
import contextlib
from collections.abc import Sequence

import pytest

from pubserve.contract import Analysis, Failure, Paper, Task
from serve.clock import RequestClock
from serve.jobs import Job, job_from
from serve.pipeline import PaperDone, Pipeline
from serve.settings import Settings
from serve.text.document import Document
from serve.turns import Turn
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

BOTH = [Task.LABELS, Task.DISEASES]


def jobs(*texts: str) -> list[Job]:
    papers = [Paper(id=str(index), title=text) for index, text in enumerate(texts)]
    return [job_from(i, p, Document(p.title or "", "")) for i, p in enumerate(papers)]


@pytest.fixture
def pipeline(models: InstantModels, settings: Settings) -> Pipeline:
    return Pipeline(models, settings.pipeline)


async def run(pipeline: Pipeline, work: Sequence[Job], tasks: Sequence[Task] = BOTH) -> list[PaperDone]:
    return [done async for done in pipeline.run(work, tasks, Turn(), RequestClock())]


async def test_every_paper_is_answered_once(pipeline: Pipeline) -> None:
    done = await run(pipeline, jobs(*["asthma"] * 30))

    assert sorted(d.index for d in done) == list(range(30))


async def test_long_papers_travel_in_smaller_company(pipeline: Pipeline, models: InstantModels) -> None:
    long, short = "x " * 10_000, "asthma"

    done = await run(pipeline, jobs(short, long, long, short, short))

    assert len(done) == 5
    assert sorted(models.calls) == [2, 3]


async def test_what_a_paper_cites_is_listed_when_asked_for(pipeline: Pipeline, models: InstantModels) -> None:
    work = jobs("As shown before [1,2].", "Nothing is cited.")

    done = await run(pipeline, work, [Task.CITATIONS])

    cited = {d.index: d.result.citations for d in done if isinstance(d.result, Analysis)}
    assert cited == {0: ["1,2"], 1: []}
    assert models.calls == []
    assert all(d.result.models.extractor is None for d in done if isinstance(d.result, Analysis))


async def test_no_papers_are_no_work(pipeline: Pipeline, models: InstantModels) -> None:
    assert await run(pipeline, []) == []
    assert models.calls == []


async def test_a_slow_paper_does_not_hold_up_the_others(pipeline: Pipeline, models: InstantModels) -> None:
    models.stall_on = "slow"
    work = jobs("slow", *["asthma"] * 8)

    async with asyncio.timeout(5), contextlib.aclosing(pipeline.run(work, BOTH, Turn(), RequestClock())) as results:
        first = [await anext(results) for _ in range(5)]

    assert all(d.index >= 4 for d in first)  # the slow one's chunk is the first four
    assert models.cancelled == 1


async def test_a_stage_that_breaks_fails_the_papers_it_had_and_says_so(
    pipeline: Pipeline, models: InstantModels
) -> None:
    models.classify_error = RuntimeError("boom")

    done = await run(pipeline, jobs("asthma", "lung cancer"))

    assert all(isinstance(d.result, Failure) for d in done)
    assert len(done) == 2


async def test_one_task_asks_one_model(pipeline: Pipeline, models: InstantModels) -> None:
    [done] = await run(pipeline, jobs("asthma"), [Task.DISEASES])

    assert models.calls == []
    assert done.labels is None
    assert done.diseases


async def test_models_that_cannot_even_say_their_name_fail_the_request(
    pipeline: Pipeline, models: InstantModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise RuntimeError("gone")

    monkeypatch.setattr(models, "names", broken)

    with pytest.raises(RuntimeError, match="gone"):
        await run(pipeline, jobs("asthma"))


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        ("lung cancer, in passing", ["labels_disagree_with_diseases"]),
        ("no lung cancer, in passing", []),
        ("asthma", []),
        ("lung cancer", []),
    ],
)
async def test_a_cancer_in_a_paper_that_is_said_not_to_be_about_cancer_is_a_warning_and_changes_nothing(
    pipeline: Pipeline, text: str, warnings: list[str]
) -> None:
    [done] = await run(pipeline, jobs(text))

    assert isinstance(done.result, Analysis)
    assert done.result.warnings == warnings
    assert done.result.predicted_labels == (["Cancer"] if text == "lung cancer" else ["Non-Cancer"])
