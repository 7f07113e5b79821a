"""The service with models of simulated speed: everything but the arithmetic is real.

Shows what surrounds the models (ingress, pipeline, queues, autoscaling, many replicas) at speeds that the machine at
hand could not compute. One token is four characters.

    python -m loadtest.simulated --port 8001 --tokens-per-s 100000
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

import typer
from ray import serve
from ray.serve import Application

from pubserve.contract import DiseaseIds, Mention
from serve.ingress import ingress
from serve.settings import Settings
from serve.stages import DiseaseReading, LabelReading
from serve.text.document import Document

CHARS_PER_TOKEN = 4
INSTANT = float("inf")


class Pace:
    """Lets work through at so many tokens per second, one piece after the other, as one accelerator does."""

    def __init__(self, tokens_per_s: float) -> None:
        self._tokens_per_s = tokens_per_s
        self._free_at_s = 0.0

    async def work(self, tokens: int) -> tuple[float, float]:
        """Wait for the work before this one, and for this one; both in milliseconds."""
        now_s = time.monotonic()
        start_s = max(now_s, self._free_at_s)
        work_s = tokens / self._tokens_per_s
        self._free_at_s = start_s + work_s
        if self._free_at_s > now_s:
            await asyncio.sleep(self._free_at_s - now_s)
        return (start_s - now_s) * 1e3, work_s * 1e3


class SimulatedClassifier:
    """Every paper is about cancer, at `tokens_per_s`."""

    def __init__(self, tokens_per_s: float) -> None:
        self._pace = Pace(tokens_per_s)

    async def name(self) -> str:
        return "simulated-classifier@0"

    async def classify(self, documents: Sequence[Document]) -> list[LabelReading]:
        return [await self._read(document) for document in documents]

    async def _read(self, document: Document) -> LabelReading:
        tokens = tokens_of(document)
        queue_ms, work_ms = await self._pace.work(tokens)
        return LabelReading(["Cancer"], {"Cancer": 0.9, "Non-Cancer": 0.1}, tokens, False, queue_ms, work_ms)


class SimulatedTagger:
    """The first word of every paper is a disease, at `tokens_per_s`."""

    def __init__(self, tokens_per_s: float) -> None:
        self._pace = Pace(tokens_per_s)

    async def name(self) -> str:
        return "simulated-tagger@0"

    async def extract(self, documents: Sequence[Document]) -> AsyncIterator[tuple[int, DiseaseReading]]:
        for index, document in enumerate(documents):
            tokens = tokens_of(document)
            queue_ms, work_ms = await self._pace.work(tokens)
            yield index, DiseaseReading([_first_word(document)], tokens, 0, 0, queue_ms, work_ms)


class SimulatedEngine:
    """Answers every OpenAI request at once."""

    async def name(self) -> str:
        return "simulated-engine@0"

    async def openai(self, kind: str, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        message = {"role": "assistant", "content": "simulated"}
        yield {
            "id": "simulated", "object": "chat.completion", "created": 0, "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }  # fmt: skip


def build_simulated(settings: Settings, *, tokens_per_s: float = INSTANT) -> Application:
    """The service of `settings`, its models replaced. Start it with `ray.serve.run`."""
    tagger = settings.extractor.active_tagger
    scaling = {"classifier": settings.classifier.scaling, "tagger": (tagger or settings.extractor).scaling}
    return ingress(
        settings,
        classifier=serve.deployment(
            SimulatedClassifier, name="Classifier", **scaling["classifier"].deployment_options()
        ).bind(tokens_per_s),
        extractor=serve.deployment(SimulatedTagger, name="Tagger", **scaling["tagger"].deployment_options()).bind(
            tokens_per_s
        ),
        engine=serve.deployment(
            SimulatedEngine, name="Engine", **settings.extractor.scaling.deployment_options()
        ).bind(),
    )


def tokens_of(document: Document) -> int:
    return max(1, document.chars // CHARS_PER_TOKEN)


def _first_word(document: Document) -> Mention:
    field, text = ("title", document.title) if document.title.strip() else ("abstract", document.abstract)
    start = len(text) - len(text.lstrip())
    word = text.split(maxsplit=1)[0]
    return Mention(
        text=word, field=field, start=start, end=start + len(word), disease=word,
        ids=DiseaseIds(), is_cancer=None, negated=False, confidence=1.0,
    )  # fmt: skip


def main(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8001,
    tokens_per_s: Annotated[float, typer.Option(help="Speed of each model; instant if not given.")] = INSTANT,
    profile: Annotated[str, typer.Option(help="Profile whose settings the service runs with.")] = "cpu",
) -> None:
    """Serve with simulated models until interrupted."""
    import ray

    settings = Settings(profile=profile)
    ray.init(
        address="local",
        num_cpus=settings.ray.num_cpus,
        object_store_memory=settings.ray.object_store_mb * 2**20,
        include_dashboard=False,
        logging_level="WARNING",
        log_to_driver=False,
    )
    try:
        serve.start(http_options={"host": settings.http.host, "port": port})
        serve.run(build_simulated(settings, tokens_per_s=tokens_per_s))
        typer.echo(f"Serving simulated models on http://{settings.http.host}:{port}  Stop: Ctrl-C")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
        serve.shutdown()
    finally:
        ray.shutdown()


if __name__ == "__main__":
    typer.run(main)
