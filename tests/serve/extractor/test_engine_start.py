"""What the engine starts, and what it does not."""

import asyncio

import pytest

from serve.settings import Settings


class EngineAtRest:
    """Stands for vLLM: says that it was started."""

    def __init__(self, config: object) -> None:
        self.is_started = False

    async def start(self) -> None:
        self.is_started = True

    async def check_health(self) -> None:
        """It lives."""


def test_it_starts_without_the_process_that_would_report_its_use(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.llm._internal.serve.core.server import llm_server

    from serve.extractor.engine import Engine, engine_config

    reports: list[object] = []
    monkeypatch.setattr(llm_server, "push_telemetry_report_for_all_models", lambda **models: reports.append(models))
    config = engine_config(Settings(profile="cpu").extractor, model_source="a/model")
    server = Engine.sync_init(config, engine_cls=EngineAtRest)

    asyncio.run(server.start())

    assert server.engine.is_started
    assert reports == []
