"""Batches on the quota of the key that sent them: they wait for it; what it will never do for is refused, by line."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from limits import RateLimitItemPerSecond
from openai import AsyncOpenAI

from serve.keys import keyring
from serve.keys.key import Key, Quota, new_key
from serve.keys.key_file import changing
from serve.keys.scopes import Scope
from serve.service import Service
from serve.settings import KeysSettings, Settings
from tests.serve.batches.services import chat, client_of, counts, ended, line, paper, records, submit, until
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

TOKENS_OF_A_LINE = 25
TEXT = "Asthma. ".ljust(4 * TOKENS_OF_A_LINE, "x")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "keys.yaml").write_text("keys: []")
    return settings.model_copy(update={"keys": KeysSettings(file=str(tmp_path / "keys.yaml"))})


@pytest.fixture
async def open_client(service: Service) -> AsyncIterator[AsyncOpenAI]:
    async with client_of(service) as client:
        yield client


def with_key(client: AsyncOpenAI, settings: Settings, quota: Quota) -> tuple[AsyncOpenAI, Key]:
    """The client with a new key, and the key as the service knows it from the next request on."""
    token, key = new_key("team", (Scope.READ, Scope.BATCH), created=datetime.now(UTC), quota=quota)
    with changing(file_of(settings)) as keys:
        keys.append(key)
    return client.copy(api_key=token), key


def file_of(settings: Settings) -> Path:
    assert settings.keys.file is not None
    return Path(settings.keys.file)


@pytest.fixture(autouse=True)
def _keys_are_looked_at_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "LOOK_EVERY_S", 0.0)


async def test_tokens_of_a_batch_are_taken_from_the_quota_of_its_key(
    open_client: AsyncOpenAI, settings: Settings
) -> None:
    client, _ = with_key(open_client, settings, Quota(tokens_per_day=1_000))

    batch = await ended(client, await submit(client, [line(str(n), paper(TEXT)) for n in range(4)]))

    assert counts(batch) == (4, 4, 0)
    assert await remaining_tokens(client) == 1_000 - 5 * TOKENS_OF_A_LINE


async def test_a_batch_that_is_over_its_quota_is_slower_and_whole(
    open_client: AsyncOpenAI, settings: Settings, models: InstantModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.keys.quotas.RateLimitItemPerMinute", RateLimitItemPerSecond)  # nobody waits for minutes
    client, _ = with_key(open_client, settings, Quota(tokens_per_minute=4 * TOKENS_OF_A_LINE))

    batch = await ended(client, await submit(client, [line(str(n), paper(TEXT)) for n in range(10)]))

    assert (batch.status, counts(batch)) == ("completed", (10, 10, 0))
    assert sum(models.calls) == 10
    assert max(models.calls) <= 4  # never more at once than the quota allows


async def test_a_chat_waits_for_the_quota_too(
    open_client: AsyncOpenAI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.keys.quotas.RateLimitItemPerMinute", RateLimitItemPerSecond)
    client, _ = with_key(open_client, settings, Quota(tokens_per_minute=TOKENS_OF_A_LINE))
    endpoint = "/v1/chat/completions"

    batch = await ended(client, await submit(client, [line(str(n), chat(TEXT), endpoint) for n in range(2)], endpoint))

    assert (batch.status, counts(batch)) == ("completed", (2, 2, 0))


async def test_a_line_that_no_time_would_allow_is_refused_and_the_others_are_answered(
    open_client: AsyncOpenAI, settings: Settings
) -> None:
    client, key = with_key(open_client, settings, Quota(tokens_per_minute=2 * TOKENS_OF_A_LINE))
    lines = [line("small", paper(TEXT)), line("large", paper(TEXT * 3)), line("also small", paper(TEXT))]

    batch = await ended(client, await submit(client, lines))

    assert counts(batch) == (3, 2, 1)
    refused = (await records(client, batch.error_file_id))["large"]["response"]
    assert (refused["status_code"], refused["body"]["error"]["code"]) == (422, "request_over_quota")
    assert f"the API key {key.id} has 50 tokens a minute" in refused["body"]["error"]["message"]


async def test_a_key_that_is_withdrawn_pays_for_nothing_more(
    open_client: AsyncOpenAI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, key = with_key(open_client, settings, Quota(tokens_per_minute=2 * TOKENS_OF_A_LINE))
    colleague, _ = with_key(open_client, settings, Quota())
    monkeypatch.setattr("serve.batches.answering.QUOTA_LOOK_S", 0.1)
    batch = await submit(client, [line(str(n), paper(TEXT)) for n in range(5)])
    await until(client, batch, lambda now: counts(now)[1] == 2)  # and the others wait for the next minute

    with changing(file_of(settings)) as keys:
        keys.remove(key)
    batch = await ended(colleague, batch)

    assert (batch.status, counts(batch)) == ("completed", (5, 2, 3))
    refused = await records(colleague, batch.error_file_id)
    assert {record["response"]["body"]["error"]["code"] for record in refused.values()} == {"invalid_api_key"}


async def remaining_tokens(client: AsyncOpenAI) -> int:
    """After one more paper was read."""
    answer = await client.post("/analyze", body=paper(TEXT), cast_to=httpx2.Response)
    return int(answer.headers["x-ratelimit-remaining-tokens"])
