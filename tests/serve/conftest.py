"""Models that answer at once, so that what surrounds them can be tested without Ray and without weights."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog

from pubserve.contract import ModelNames
from serve.extractor.grounding import Name
from serve.extractor.normalisation import Normaliser
from serve.extractor.resolution import resolve
from serve.extractor.vocabulary import CANCER, CELLULAR_PROLIFERATION, Disease, DiseaseOntology
from serve.logs import configure_logs
from serve.pipeline import DiseaseReadings
from serve.settings import LogSettings, Settings
from serve.stages import BatchStats, DiseaseReading, LabelReading, StageFailure
from serve.text.document import Document
from serve.turns import Turn

VOCABULARY = Normaliser.of(
    DiseaseOntology(
        [
            Disease("DOID:4", "disease"),
            Disease(CELLULAR_PROLIFERATION, "disease of cellular proliferation", parents=("DOID:4",)),
            Disease(CANCER, "cancer", parents=(CELLULAR_PROLIFERATION,)),
            Disease("DOID:1324", "lung cancer", parents=(CANCER,)),
        ]
    ),
    [],
)


@dataclass
class InstantModels:
    """Says Cancer where the text says cancer, unless in passing, and finds the names it was told.

    Stalls or fails where told to.
    """

    names_known: Sequence[str] = ("asthma", "lung cancer")
    stall_on: str | None = None
    stall_s: float = 3600
    fail_on: str | None = None
    classify_error: Exception | None = None
    calls: list[int] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    cancelled: int = 0

    async def classify(self, documents: Sequence[Document], turn: Turn) -> list[LabelReading]:
        texts = [f"{document.title}\n{document.abstract}" for document in documents]
        self.calls.append(len(texts))
        self.turns.append(turn)
        if self.classify_error:
            raise self.classify_error
        return [self._label(text, first=place == 0, papers=len(texts)) for place, text in enumerate(texts)]

    def _label(self, text: str, *, first: bool, papers: int) -> LabelReading:
        cancer = "cancer" in text.lower() and "in passing" not in text
        return LabelReading(
            predicted=["Cancer"] if cancer else ["Non-Cancer"],
            confidences={"Cancer": 0.9 if cancer else 0.1, "Non-Cancer": 0.1 if cancer else 0.9},
            tokens=len(text.split()),
            truncated="tokens" in text,
            queue_ms=1.0,
            work_ms=2.0,
            batches=(BatchStats(papers, 100, 0.1),) if first else (),
        )

    async def extract(self, documents: Sequence[Document], turn: Turn) -> DiseaseReadings:
        try:
            for index, document in enumerate(documents):
                text = document.title + document.abstract
                if self.stall_on and self.stall_on in text:
                    await asyncio.sleep(self.stall_s)
                if self.fail_on and self.fail_on in text:
                    yield index, StageFailure("extraction_failed", "The extractor could not read this paper.")
                    continue
                resolved = resolve([Name(name, 0.8) for name in self.names_known], document, VOCABULARY)
                yield index, DiseaseReading(resolved.mentions, 10, 5, resolved.ungrounded, 3.0, 4.0, resolved.areas)
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise

    async def openai(self, kind: str, body: dict[str, Any]) -> AsyncGenerator[str | dict[str, Any], None]:
        if body.get("prompt") == "for ever":
            await asyncio.sleep(3600)
        if body.get("max_tokens") == -1:
            yield {"error": {"message": "max_tokens must be at least 1.", "param": "max_tokens", "code": 400}}
        elif body.get("stream"):
            yield 'data: {"choices": []}\n\n'
            yield "data: [DONE]\n\n"
        else:
            yield {"object": kind, "choices": [{"text": "hello"}]}

    async def names(self) -> ModelNames:
        return ModelNames(classifier="classifier@1", extractor="extractor@2")


@pytest.fixture
def models() -> InstantModels:
    return InstantModels()


@pytest.fixture
def settings() -> Settings:
    """The cpu profile with small limits, so that a test reaches them."""
    return Settings(
        profile="cpu",
        http={"max_body_bytes": 100_000, "default_deadline_s": 5},
        cache={"enabled": False},
        pipeline={
            "max_tokens_in_flight": 10_000,
            "max_field_chars": 20_000,
            "chunk_papers": 4,
            "chunk_chars": 30_000,
            "chunks_in_flight": 2,
        },
    )


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Logs as in production: JSON on the standard error of now."""
    configure_logs(LogSettings(level="DEBUG"))
    yield
    structlog.reset_defaults()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
