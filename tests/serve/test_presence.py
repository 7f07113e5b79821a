"""Chats with an engine that is not there: refused soon and honestly, without one call waiting for each."""

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest

from serve import presence
from serve.errors import TooBusy, Unavailable
from serve.presence import RETRY_AFTER_S, Presence

pytestmark = pytest.mark.anyio


class Engine:
    """Answers once it `is_there`."""

    def __init__(self, *, is_there: bool) -> None:
        self.asked = 0
        self._there = asyncio.Event()
        if is_there:
            self._there.set()

    def comes(self) -> None:
        self._there.set()

    def leaves(self) -> None:
        self._there.clear()

    async def name(self) -> str:
        self.asked += 1
        await self._there.wait()
        return "engine@0"


async def words(*said: str, dies: bool = False) -> AsyncGenerator[str, None]:
    for word in said:
        yield word
    if dies:
        raise Unavailable("A model stopped answering.")


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "ANSWER_WITHIN_S", 0.2)
    monkeypatch.setattr(presence, "PAUSE_S", 0.01)


async def test_an_engine_that_answers_is_asked_once_for_all_who_come_soon() -> None:
    engine = Engine(is_there=True)
    here = Presence(engine.name)

    for _ in range(20):
        await here.require()

    assert engine.asked == 1


async def test_whoever_comes_to_an_engine_that_is_not_there_is_told_when_to_come_again() -> None:
    engine = Engine(is_there=False)
    here = Presence(engine.name)

    answers = await asyncio.gather(*(here.require() for _ in range(20)), return_exceptions=True)

    assert [getattr(answer, "retry_after_s", None) for answer in answers] == [RETRY_AFTER_S] * 20
    assert engine.asked == 1


async def test_later_ones_are_told_at_once() -> None:
    here = Presence(Engine(is_there=False).name)
    with pytest.raises(Unavailable):
        await here.require()

    began_s = time.monotonic()
    with pytest.raises(Unavailable):
        await here.require()

    assert time.monotonic() - began_s < 0.1


async def test_a_new_engine_is_noticed_by_the_call_that_waits_for_it() -> None:
    engine = Engine(is_there=False)
    here = Presence(engine.name)
    with pytest.raises(Unavailable):
        await here.require()

    engine.comes()
    await asyncio.sleep(0.05)
    await here.require()

    assert engine.asked == 1


async def test_who_just_said_something_is_not_asked() -> None:
    engine = Engine(is_there=False)
    here = Presence(engine.name)

    assert [word async for word in here.overhear(words("one", "two"))] == ["one", "two"]
    await here.require()

    assert engine.asked == 0


async def test_after_a_death_it_is_asked_again_at_once() -> None:
    engine = Engine(is_there=True)
    here = Presence(engine.name)
    with pytest.raises(Unavailable):
        [word async for word in here.overhear(words("one", dies=True))]

    engine.leaves()
    with pytest.raises(Unavailable):
        await here.require()

    assert engine.asked == 1


async def test_a_replica_that_dies_over_the_question_is_not_the_last_word() -> None:
    deaths = iter([Unavailable("died"), Unavailable("died")])

    async def name() -> str:
        for death in deaths:
            raise death
        return "engine@0"

    await Presence(name).require()


async def test_a_full_queue_is_said_to_be_full() -> None:
    async def name() -> str:
        raise TooBusy("The queue of a model is full.", retry_after_s=2)

    with pytest.raises(TooBusy):
        await Presence(name).require()
