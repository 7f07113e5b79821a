"""Calls to replicas that die: read again by another one, but not for ever, and nothing twice."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from ray.exceptions import ActorDiedError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError

from serve import presence
from serve.errors import TooBusy, Unavailable
from serve.remote import READINGS_TRIED, RemoteModels
from serve.text.document import Document
from serve.turns import Turn

DOCUMENTS = [Document.from_caller(f"Paper {number}.", "Asthma.", max_field_chars=1000) for number in range(4)]
DIED = ActorDiedError()

pytestmark = pytest.mark.anyio


class Handle:
    """A deployment whose replicas answer the calls with `answers`, one after the other; an error is raised.

    A stream is a list: what came before the error was given out.
    """

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)
        self.asked: list[Any] = []
        self.cancelled = 0

    def options(self, **_: Any) -> "Handle":
        return self

    @property
    def name(self) -> "Handle":
        """The method that says who answers, apart from what is asked of it otherwise."""
        return Handle("name@0")

    def remote(self, *args: Any) -> "Response":
        self.asked.append(args[0] if args else None)
        return Response(next(self._answers), self._cancel)

    def _cancel(self) -> None:
        self.cancelled += 1


class Response:
    def __init__(self, answer: Any, cancel: Callable[[], None]) -> None:
        self._answer = answer
        self.cancel = cancel

    def __await__(self) -> Any:
        return self._settle().__await__()

    async def _settle(self) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return await self._answer if isinstance(self._answer, asyncio.Future) else self._answer

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self._answer:
            if isinstance(item, Exception):
                raise item
            yield item


class Silent:
    """The name of an engine of which no replica runs: asked, and never said."""

    def remote(self) -> "asyncio.Future[str]":
        return asyncio.get_running_loop().create_future()


def models(*, classifier: Handle | None = None, extractor: Handle | None = None) -> RemoteModels:
    return RemoteModels(classifier or Handle(), extractor or Handle(), Handle())


async def extracted(extractor: Handle) -> list[tuple[int, Any]]:
    return [reading async for reading in models(extractor=extractor).extract(DOCUMENTS, Turn())]


async def test_what_a_dying_classifier_had_is_asked_of_another() -> None:
    handle = Handle(DIED, ["reading"])

    readings: Any = await models(classifier=handle).classify(DOCUMENTS, Turn())

    assert readings == ["reading"]
    assert handle.asked == [DOCUMENTS, DOCUMENTS]
    assert handle.cancelled == 0


async def test_a_call_that_nobody_waits_for_any_more_is_called_off() -> None:
    handle = Handle(asyncio.get_running_loop().create_future())

    asking = asyncio.create_task(models(classifier=handle).classify(DOCUMENTS, Turn()))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert handle.cancelled == 1


async def test_readings_that_nobody_takes_any_more_are_called_off() -> None:
    handle = Handle([[(0, "a")], [(1, "b")]])

    async with aclosing(models(extractor=handle).extract(DOCUMENTS, Turn())) as readings:
        async for _ in readings:
            break

    assert handle.cancelled == 1


async def test_only_what_a_dying_extractor_had_not_read_is_asked_of_another() -> None:
    handle = Handle([[(2, "c"), (0, "a")], DIED], [[(1, "d")], DIED], [[(0, "b")]])

    assert await extracted(handle) == [(2, "c"), (0, "a"), (3, "d"), (1, "b")]
    assert handle.asked == [DOCUMENTS, [DOCUMENTS[1], DOCUMENTS[3]], [DOCUMENTS[1]]]


async def test_an_extractor_that_dies_over_its_last_paper_is_not_missed() -> None:
    handle = Handle([[(place, "read") for place in range(4)], DIED])

    assert len(await extracted(handle)) == 4


@pytest.mark.parametrize("stage", ["classify", "extract"])
async def test_papers_over_which_one_replica_after_the_other_dies_are_given_up(stage: str) -> None:
    answers: Sequence[Any] = [DIED if stage == "classify" else [DIED]] * READINGS_TRIED
    handle = Handle(*answers)

    asking = models(classifier=handle).classify(DOCUMENTS, Turn()) if stage == "classify" else extracted(handle)

    with pytest.raises(Unavailable, match="being replaced") as caught:
        await asking

    assert caught.value.retry_after_s
    assert len(handle.asked) == READINGS_TRIED


@pytest.mark.parametrize(
    ("error", "raised"), [(BackPressureError(8, 8), TooBusy), (DeploymentUnavailableError("x"), Unavailable)]
)
async def test_a_deployment_that_takes_nothing_on_is_not_asked_again(error: Exception, raised: type[Exception]) -> None:
    handle = Handle(error)

    with pytest.raises(raised):
        await models(classifier=handle).classify(DOCUMENTS, Turn())

    assert len(handle.asked) == 1


async def test_a_chat_is_not_asked_again() -> None:
    engine = Handle([{"id": "1"}, DIED])
    pieces = RemoteModels(Handle(), Handle(), engine).openai("chat", {})

    assert await anext(pieces) == {"id": "1"}
    with pytest.raises(Unavailable):
        await anext(pieces)
    assert len(engine.asked) == 1


async def test_a_chat_does_not_wait_for_an_engine_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "ANSWER_WITHIN_S", 0.05)
    monkeypatch.setattr(Handle, "name", Silent())
    engine = Handle([{"id": "1"}])

    with pytest.raises(Unavailable, match="started or replaced"):
        await anext(RemoteModels(Handle(), Handle(), engine).openai("chat", {}))

    assert engine.asked == []


async def test_a_chat_starts_an_engine_that_may_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Handle, "name", Silent())
    engine = Handle([{"id": "1"}])

    answer = await anext(RemoteModels(Handle(), Handle(), engine, may_rest=True).openai("chat", {}))

    assert answer == {"id": "1"}
