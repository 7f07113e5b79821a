"""The tagger's replica: many papers in one call, each answered for itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from serve.extractor import tagger_deployment
from serve.extractor.support import resolve_tags
from serve.extractor.tagger import TaggerModel
from serve.extractor.tagger_deployment import Tagger
from serve.extractor.tagging import TaggedRow
from serve.settings import BatchedModelSettings, LogSettings, Settings, TracingSettings
from serve.stages import DiseaseReading, StageFailure
from serve.text.document import Document
from serve.turns import Turn
from tests.serve.conftest import VOCABULARY

from .test_tagger import save_tagger

pytestmark = pytest.mark.anyio

PAPERS = [Document("Asthma of the lung", "No cancer."), Document("Bad", "The lung cancer."), Document("", "...")]


@pytest.fixture
async def tagger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tagger:
    """A replica around a tiny model that takes every word for a disease."""
    model = TaggerModel(save_tagger(tmp_path), dtype="float32", max_tokens=64)
    monkeypatch.setattr(
        model,
        "predict",
        lambda batch: [TaggedRow(r.words, [[0, 1.0, 0]] * len(r.words)) for r in batch],
    )
    loaded = tagger_deployment._Loaded(model, VOCABULARY, "tagger@1")
    monkeypatch.setattr(tagger_deployment, "_load", lambda _: loaded)
    settings = Settings(profile="cpu").extractor.tagger
    assert isinstance(settings, BatchedModelSettings)
    replica = Tagger.__new__(Tagger)
    await replica.__init__(settings, LogSettings(), TracingSettings())  # type: ignore[misc]  # as Ray Serve does
    return replica


async def read(tagger: Tagger, papers: Sequence[Document]) -> dict[int, DiseaseReading | StageFailure]:
    return {index: reading async for ready in tagger.extract(papers, Turn()) for index, reading in ready}


async def test_every_paper_is_answered_once(tagger: Tagger) -> None:
    readings = await read(tagger, PAPERS)

    assert sorted(readings) == [0, 1, 2]
    found = {i: [m.text for m in r.mentions] for i, r in readings.items() if isinstance(r, DiseaseReading)}
    assert found[0] == ["Asthma", "lung", "No", "cancer"]
    assert found[2] == []


async def test_tokens_are_counted_and_none_is_written(tagger: Tagger) -> None:
    readings = await read(tagger, PAPERS)

    assert all(isinstance(r, DiseaseReading) and r.completion_tokens == 0 for r in readings.values())
    assert [r.prompt_tokens > 0 for _, r in sorted(readings.items()) if isinstance(r, DiseaseReading)] == [
        True,
        True,
        False,
    ]


async def test_a_paper_that_cannot_be_read_does_not_fail_its_neighbours(
    tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_on_bad(rows: Any, document: Document, *others: Any) -> Any:
        if document.title == "Bad":
            raise RuntimeError("a flaw of ours")
        return resolve_tags(rows, document, *others)

    monkeypatch.setattr(tagger_deployment, "resolve_tags", fails_on_bad)

    readings = await read(tagger, PAPERS)

    assert isinstance(readings[0], DiseaseReading)
    assert readings[1] == StageFailure("extraction_failed", "The extractor could not read this paper; send it again.")


async def test_it_says_which_weights_answer(tagger: Tagger) -> None:
    assert await tagger.name() == "tagger@1"
