"""The models behind Ray Serve handles, as the pipeline and the OpenAI routes see them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle, DeploymentResponse

from pubserve.contract import ModelNames
from serve.errors import ServiceError, TooBusy, Unavailable
from serve.logs import log
from serve.pipeline import DiseaseReadings
from serve.presence import Presence
from serve.stages import LabelReading
from serve.text.document import Document
from serve.turns import Turn

READINGS_TRIED = 3
"""How often a reading is begun when replicas die over it: twice more, for reading a paper again gives the same."""


class ReplicaDied(Unavailable):
    """The replica that had the call is gone; another one can take it."""


class RemoteModels:
    """Calls that are abandoned here are cancelled there. The extractor may be the engine itself.

    What a dying replica took with it is read by another one, until the deadline of the request cancels that. Chats are
    not asked again: they may have been answered in part, and their clients retry. Nor do they wait for an engine that
    is not there, unless it `may_rest`: then a chat is what starts it.
    """

    def __init__(
        self,
        classifier: DeploymentHandle,
        extractor: DeploymentHandle,
        engine: DeploymentHandle,
        *,
        may_rest: bool = False,
    ) -> None:
        self._models = (classifier, extractor, engine)
        # Made once: a handle with other options costs more than a call.
        self._classify = classifier.options(method_name="classify")
        self._extract = extractor.options(method_name="extract", stream=True)
        self._openai = engine.options(method_name="openai", stream=True)
        self._engine = None if may_rest else Presence(lambda: _call(engine.name.remote()))

    async def classify(self, documents: Sequence[Document], turn: Turn) -> list[LabelReading]:
        for tries_left in reversed(range(READINGS_TRIED)):
            try:
                readings: list[LabelReading] = await _call(self._classify.remote(documents, turn))
                break
            except ReplicaDied:
                _log_death("classify", papers=len(documents), tries_left=tries_left)
                if not tries_left:
                    raise
        return readings

    async def extract(self, documents: Sequence[Document], turn: Turn) -> DiseaseReadings:
        unread = dict(enumerate(documents))
        for tries_left in reversed(range(READINGS_TRIED)):
            places = list(unread)
            try:
                async with aclosing(_stream(self._extract, list(unread.values()), turn)) as readings:
                    async for ready in readings:
                        for index, reading in ready:
                            unread.pop(places[index], None)
                            yield places[index], reading
                return
            except ReplicaDied:
                if not unread:
                    return  # it died over its last word, when all was said
                _log_death("extract", papers=len(unread), tries_left=tries_left)
                if not tries_left:
                    raise

    async def openai(self, kind: str, body: dict[str, Any]) -> AsyncGenerator[str | dict[str, Any], None]:
        if self._engine is None:
            said = _stream(self._openai, kind, body)
        else:
            await self._engine.require()
            said = self._engine.overhear(_stream(self._openai, kind, body))
        async with aclosing(said) as pieces:
            async for piece in pieces:
                yield piece

    async def names(self) -> ModelNames:
        asked = [handle.name.remote() for handle in self._models]
        classifier, extractor, _ = [await _call(name) for name in asked]
        return ModelNames(classifier=classifier, extractor=extractor)


async def _call(response: DeploymentResponse) -> Any:
    try:
        return await response
    except _TROUBLE as error:
        raise _translated(error) from error
    except asyncio.CancelledError:
        response.cancel()
        raise


async def _stream(method: DeploymentHandle, *args: Any) -> AsyncGenerator[Any, None]:
    responses = method.remote(*args)
    try:
        async for item in responses:
            yield item
    except _TROUBLE as error:
        raise _translated(error) from error
    except (asyncio.CancelledError, GeneratorExit):
        responses.cancel()
        raise


_TROUBLE = (BackPressureError, RayActorError, DeploymentUnavailableError)


def _translated(error: Exception) -> ServiceError:
    if isinstance(error, BackPressureError):
        return TooBusy("The queue of a model is full; retry after the time in Retry-After.", retry_after_s=2)
    kind = ReplicaDied if isinstance(error, RayActorError) else Unavailable
    return kind("A model stopped answering and is being replaced; retry.", retry_after_s=5)


def _log_death(stage: str, *, papers: int, tries_left: int) -> None:
    log.warning("replica_died", stage=stage, papers=papers, tries_left=tries_left)
