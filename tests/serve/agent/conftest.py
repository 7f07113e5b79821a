"""Runs in process: a real state directory, the real service around models that answer at once, a model with rules."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest

from pubserve.contract import Paper
from serve.agent.messages import Done, Event, Report, RunRequest
from serve.agent.runs import Runs
from serve.agent.steps import Tools
from serve.agent.tools import tools_for
from serve.http import create_app
from serve.http.caller import EVERYONE
from serve.service import Service
from serve.settings import Settings
from tests.client.efetch_server import Efetch, efetch
from tests.serve.agent.llm_server import Llm, serving
from tests.serve.conftest import InstantModels

CANCER = Paper(
    id="cancer",
    title="Adjuvant chemotherapy in lung cancer",
    abstract="We gave chemotherapy to 40 patients with lung cancer. In conclusion, survival was longer.",
)
ASTHMA = Paper(
    id="asthma",
    title="Steroids in asthma",
    abstract="We gave steroids for asthma. In conclusion, exacerbations were halved.",
)
WRONGLY_NON_CANCER = Paper(
    id="registry",
    title="A registry",
    abstract="We followed lung cancer, in passing, for a decade. In conclusion, registries are of use.",
)
RIGHTLY_NON_CANCER = Paper(
    id="care",
    title="Care at school",
    abstract="Asthma was followed for a year. Lung cancer was named in passing. In conclusion, care helps.",
)
PAPERS = [CANCER, ASTHMA, WRONGLY_NON_CANCER, RIGHTLY_NON_CANCER]
"""The first answers on the last two are uncertain: both name a cancer and are labelled Non-Cancer."""

Begin = Callable[..., Awaitable[list[Event]]]


@pytest.fixture
def llm() -> Iterator[Llm]:
    with serving() as model:
        yield model


@pytest.fixture
def pubmed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Efetch]:
    with efetch("30872385") as server:
        monkeypatch.setenv("NCBI_EFETCH_URL", server.url)
        yield server


@pytest.fixture
def agent() -> dict[str, Any]:
    """Settings of the agent that a test wants to be others."""
    return {}


@pytest.fixture
def settings(tmp_path: Path, llm: Llm, agent: dict[str, Any]) -> Settings:
    given = {"state_dir": str(tmp_path / "state"), "base_url": llm.url, "model": "m", "llm_retries": 0, **agent}
    return Settings(profile="cpu", cache={"enabled": False}, agent=given)


@pytest.fixture
async def runs(settings: Settings) -> AsyncIterator[Runs]:
    async with Runs.open(settings.agent) as runs:
        yield runs


@pytest.fixture
async def tools(settings: Settings, models: InstantModels, pubmed: Efetch) -> AsyncIterator[Tools]:
    transport = httpx.ASGITransport(create_app(Service(settings, models)))
    async with tools_for(settings, url="http://pubserve", transport=transport) as tools:
        yield tools


@pytest.fixture
def begin(runs: Runs, tools: Tools) -> Begin:
    """Begins a run, and gives its events."""

    async def begin(**fields: Any) -> list[Event]:
        request = RunRequest.model_validate({"papers": PAPERS, "run_id": "run", **fields})
        async with aclosing(runs.begin(request, tools, owner=EVERYONE)) as events:
            return [event async for event in events]

    return begin


def report_in(events: list[Event]) -> Report:
    """Of a run that came to its end."""
    last = events[-1]
    assert isinstance(last, Done), last
    return last.report


def names(events: list[Event]) -> list[str]:
    """The steps, in order."""
    return [event.step.name for event in events if event.event == "step"]
