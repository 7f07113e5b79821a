"""FastAPI and transformers' pipelines with batching by hand, as a good engineer would write it in a day.

One thread computes, with all cores: two would only fight for them. Requests that wait are taken up to `MAX_BATCH` at a
time, as they come, and padded to the longest of them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from loadtest.bench.closed_loop import Call
from loadtest.bench.measurement import Work
from loadtest.bench.peers import models
from loadtest.bench.peers.peer import OverHttp, Peer, json_call, text_of
from pubserve import Paper

MAX_BATCH = 32
BATCH_WAIT_S = 0.01


def _calls(_: Work, papers: Sequence[Paper]) -> Sequence[Call]:
    return [json_call("/analyze", {"text": text_of(paper)}) for paper in papers]


FASTAPI_PIPELINES = Peer(
    name="fastapi-pipelines",
    runs="FastAPI with transformers' pipelines and batching by hand: the same classifier and the same tagger, "
    f"up to {MAX_BATCH} papers a batch as they come; no vocabularies, papers cut at {models.MAX_TOKENS} tokens.",
    program=(
        "-m", "uvicorn", "loadtest.bench.peers.fastapi_pipelines:create_app", "--factory", "--port", "{port}",
        "--log-level", "warning",
    ),
    works=(Work.ANALYZE,),
    drive=OverHttp(_calls),
)  # fmt: skip


class Text(BaseModel):
    text: str


class Analyzed(BaseModel):
    confidence_scores: dict[str, float]
    extracted_diseases: list[str]


def create_app() -> FastAPI:
    batcher = Batcher(load())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        worker = asyncio.create_task(batcher.work())
        yield
        worker.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/analyze")
    async def analyze(request: Text) -> Analyzed:
        return await batcher.read(request.text)

    return app


def load() -> "Pipelines":
    from transformers import pipeline

    classifier, classifier_tokenizer = models.classifier()
    tagger, tagger_tokenizer = models.tagger()
    return Pipelines(
        pipeline(
            "text-classification",
            model=classifier,
            tokenizer=classifier_tokenizer,
            top_k=None,
            function_to_apply="sigmoid",
            truncation=True,
        ),
        pipeline("token-classification", model=tagger, tokenizer=tagger_tokenizer, aggregation_strategy="first"),
    )


class Pipelines:
    """Both models on a batch, one after the other."""

    def __init__(self, classifier: Any, tagger: Any) -> None:
        self._classifier = classifier
        self._tagger = tagger

    def __call__(self, texts: list[str]) -> list[Analyzed]:
        labelled = self._classifier(texts, batch_size=len(texts))
        tagged = self._tagger(texts, batch_size=len(texts))
        return [
            Analyzed(
                confidence_scores={score["label"]: score["score"] for score in scores},
                extracted_diseases=list(dict.fromkeys(names(entities))),
            )
            for scores, entities in zip(labelled, tagged, strict=True)
        ]


def names(entities: Sequence[dict[str, Any]]) -> list[str]:
    """The pipeline's groups of words with one tag, put together: `B` begins a name, `I` goes on with it."""
    found: list[str] = []
    for entity in entities:
        if entity["entity_group"] == "I" and found:
            found[-1] += f" {entity['word']}"
        else:
            found.append(entity["word"])
    return found


class Batcher:
    def __init__(self, pipelines: Callable[[list[str]], list[Analyzed]]) -> None:
        self._pipelines = pipelines
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._waiting: asyncio.Queue[tuple[str, asyncio.Future[Analyzed]]] = asyncio.Queue()

    async def read(self, text: str) -> Analyzed:
        answer: asyncio.Future[Analyzed] = asyncio.get_running_loop().create_future()
        await self._waiting.put((text, answer))
        return await answer

    async def work(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            await asyncio.sleep(BATCH_WAIT_S)
            while len(batch) < MAX_BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            asked = [(text, answer) for text, answer in batch if not answer.done()]
            run = asyncio.get_running_loop().run_in_executor(self._thread, self._pipelines, [text for text, _ in asked])
            try:
                answered = await run
            except Exception as error:  # of whatever kind: the next batch is read all the same
                for _, answer in asked:
                    answer.set_exception(error)
            else:
                for (_, answer), analyzed in zip(asked, answered, strict=True):
                    answer.set_result(analyzed)
