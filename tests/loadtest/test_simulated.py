"""Models of simulated speed: as fast as stated, whatever the machine does."""

import asyncio
import math

import pytest

from loadtest.simulated_models import Pace, SimulatedClassifier, SimulatedTagger
from serve.text.document import Document
from serve.turns import Turn

PAPERS = [Document("Asthma in children.", "x" * 181), Document("", "sepsis after surgery " * 10)]


async def classifier(tokens_per_s: float) -> SimulatedClassifier:
    model = SimulatedClassifier.__new__(SimulatedClassifier)
    await model.__init__(tokens_per_s)  # type: ignore[misc]  # as Ray Serve does it
    return model


async def tagger(tokens_per_s: float) -> SimulatedTagger:
    model = SimulatedTagger.__new__(SimulatedTagger)
    await model.__init__(tokens_per_s)  # type: ignore[misc]  # as Ray Serve does it
    return model


@pytest.mark.anyio
async def test_work_takes_tokens_over_speed() -> None:
    readings = await (await classifier(10_000)).classify(PAPERS, Turn())

    assert [reading.tokens for reading in readings] == [paper.estimated_tokens for paper in PAPERS] == [50, 52]
    assert [reading.work_ms for reading in readings] == [pytest.approx(5), pytest.approx(5.2)]


@pytest.mark.anyio
async def test_a_late_sleep_costs_nothing() -> None:
    pace = Pace(1000)
    first = await pace.work(10, asked_s=100.0)  # long ago: every sleep is late

    second = await pace.work(10, asked_s=first.end_s)

    assert second.end_s == pytest.approx(100.02)


@pytest.mark.anyio
async def test_calls_are_worked_off_one_after_the_other() -> None:
    model = await classifier(20_000)

    first, second = await asyncio.gather(model.classify(PAPERS, Turn()), model.classify(PAPERS, Turn()))

    assert second[0].queue_ms == pytest.approx(first[0].work_ms + first[1].work_ms, abs=1)


@pytest.mark.anyio
async def test_a_caller_who_goes_away_leaves_its_time_to_the_next() -> None:
    model = await classifier(1000)
    abandoned = asyncio.create_task(model.classify([Document("x" * 40_000, "")] * 100, Turn()))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(model.classify(PAPERS * 1000, Turn()))
    await asyncio.sleep(0)
    waiting.cancel()

    last = asyncio.create_task(model.classify([Document("x", "")], Turn()))
    abandoned.cancel()

    assert len(await last) == 1  # at once, not after ten minutes


@pytest.mark.anyio
async def test_the_tagger_names_the_first_word_where_it_stands() -> None:
    readings = [reading async for ready in (await tagger(math.inf)).extract(PAPERS, Turn()) for reading in ready]

    assert [index for index, _ in readings] == [0, 1]
    [mention] = readings[1][1].mentions
    assert (mention.text, mention.field, mention.start, mention.end) == ("sepsis", "abstract", 0, 6)
