"""Models of simulated speed, as the replicas of `loadtest.simulated` hold them. One token is four characters.

Apart from what puts them behind the service: a replica imports this module only, and there are many replicas.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from pubserve.contract import DiseaseIds, Mention
from serve import tracing
from serve.settings import TracingSettings
from serve.stages import DiseaseReading, LabelReading
from serve.text.document import Document
from serve.turns import Places, Turn

_NO_TRACES = TracingSettings()


class Work(NamedTuple):
    """How long a piece of work waited and took, and when it was done on the monotonic clock."""

    queue_ms: float
    work_ms: float
    end_s: float


class Pace:
    """Works at so many tokens per second, one call after the other in the order of their turns, like an accelerator.

    Call `work` inside `async with pace.places.hold(...)`. What a caller who goes away has not had yet, is not done.
    """

    def __init__(self, tokens_per_s: float) -> None:
        self.places = Places(1)
        self._tokens_per_s = tokens_per_s
        self._free_at_s = 0.0

    async def work(self, tokens: int, asked_s: float) -> Work:
        """Be done after so many tokens.

        `asked_s` is when the work could have begun, by the clock of the accelerator: a sleep that ends late on a busy
        machine does not make the accelerator slower.
        """
        start_s = max(asked_s, self._free_at_s)
        end_s = self._free_at_s = start_s + tokens / self._tokens_per_s
        await asyncio.sleep(max(0.0, end_s - time.monotonic()))
        return Work(queue_ms=(start_s - asked_s) * 1e3, work_ms=(end_s - start_s) * 1e3, end_s=end_s)


class SimulatedClassifier:
    """Every paper is about cancer, at `tokens_per_s`. A replica takes `start_s` to be there."""

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self, tokens_per_s: float, start_s: float = 0.0, traces: TracingSettings = _NO_TRACES
    ) -> None:
        tracing.configure_tracing(traces, component="classifier")
        await asyncio.sleep(start_s)
        self._pace = Pace(tokens_per_s)

    async def name(self) -> str:
        return "simulated-classifier@0"

    async def classify(self, documents: Sequence[Document], turn: Turn) -> list[LabelReading]:
        readings = []
        asked_s = time.monotonic()
        cost = sum(document.estimated_tokens for document in documents)
        with tracing.continued("classifier", turn, papers=len(documents)) as turn:
            async with self._pace.places.hold(turn, cost):
                for document in documents:
                    tokens = document.estimated_tokens
                    queue_ms, work_ms, asked_s = await self._pace.work(tokens, asked_s)
                    tracing.record("batch", asked_s - work_ms / 1e3, asked_s, parent=turn.trace, tokens=tokens)
                    confidences = {"Cancer": 0.9, "Non-Cancer": 0.1}
                    readings.append(LabelReading(["Cancer"], confidences, tokens, False, queue_ms, work_ms))
        return readings


class SimulatedTagger:
    """The first word of every paper is a disease, at `tokens_per_s`. A replica takes `start_s` to be there."""

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self, tokens_per_s: float, start_s: float = 0.0, traces: TracingSettings = _NO_TRACES
    ) -> None:
        tracing.configure_tracing(traces, component="tagger")
        await asyncio.sleep(start_s)
        self._pace = Pace(tokens_per_s)

    async def name(self) -> str:
        return "simulated-tagger@0"

    async def extract(
        self, documents: Sequence[Document], turn: Turn
    ) -> AsyncIterator[list[tuple[int, DiseaseReading]]]:
        asked_s = time.monotonic()
        ready = []
        cost = sum(document.estimated_tokens for document in documents)
        with tracing.continued("tagger", turn, papers=len(documents)) as turn:
            async with self._pace.places.hold(turn, cost):
                for index, document in enumerate(documents):
                    tokens = document.estimated_tokens
                    queue_ms, work_ms, asked_s = await self._pace.work(tokens, asked_s)
                    tracing.record("batch", asked_s - work_ms / 1e3, asked_s, parent=turn.trace, tokens=tokens)
                    ready.append((index, DiseaseReading([first_word(document)], tokens, 0, 0, queue_ms, work_ms)))
                    if work_ms:  # what takes no time is ready together
                        yield ready
                        ready = []
        if ready:
            yield ready


class SimulatedEngine(SimulatedTagger):
    """Answers every OpenAI request at once, as a stream if asked, and reads papers as the tagger does where there is
    none."""

    async def name(self) -> str:
        return "simulated-engine@0"

    async def openai(self, kind: str, body: dict[str, Any]) -> AsyncIterator[str | dict[str, Any]]:
        head = {"id": "simulated", "created": 0, "model": body["model"]}
        message = {"role": "assistant", "content": "simulated"}
        if body.get("stream"):
            chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": message}]}
            yield f"data: {json.dumps({**head, **chunk})}\n\n"
            yield "data: [DONE]\n\n"
            return
        yield {
            **head, "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }  # fmt: skip


def first_word(document: Document) -> Mention:
    field, text = ("title", document.title) if document.title.strip() else ("abstract", document.abstract)
    start = len(text) - len(text.lstrip())
    word = text.split(maxsplit=1)[0]
    return Mention(
        text=word, field=field, start=start, end=start + len(word), disease=word,
        ids=DiseaseIds(), is_cancer=None, negated=False, confidence=1.0,
    )  # fmt: skip
