"""A service in this process with its runner, and the real `openai` client in front of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from openai import AsyncOpenAI
from openai.types import Batch
from starlette.types import ASGIApp, Message

from serve.http import create_app
from serve.service import Service

WITHIN_S = 60
ENDED = ("completed", "failed", "expired", "cancelled")


@asynccontextmanager
async def client_of(service: Service, **options: Any) -> AsyncIterator[AsyncOpenAI]:
    """The service runs, as a server would run it, for the length of the block."""
    app = create_app(service)
    http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app, raise_app_exceptions=False))
    async with _started(app), AsyncOpenAI(
        base_url="http://test/v1", api_key="none", http_client=http, max_retries=0, **options
    ) as client:  # fmt: skip
        yield client


@asynccontextmanager
async def _started(app: ASGIApp) -> AsyncIterator[None]:
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    outbox: asyncio.Queue[Message] = asyncio.Queue()
    running = asyncio.ensure_future(app({"type": "lifespan", "asgi": {"version": "3.0"}}, inbox.get, outbox.put))
    inbox.put_nowait({"type": "lifespan.startup"})
    assert (await outbox.get())["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        inbox.put_nowait({"type": "lifespan.shutdown"})
        assert (await outbox.get())["type"] == "lifespan.shutdown.complete"
        await running


def line(custom_id: str, body: Any, url: str = "/v1/analyze", /, **others: Any) -> str:
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": body} | others)


def paper(text: str, paper_id: str = "1") -> dict[str, Any]:
    """The body of a request to analyse one paper."""
    return {"papers": [{"id": paper_id, "abstract": text}]}


def chat(text: str, model: str = "pubserve", **others: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}]} | others


async def submit(
    client: AsyncOpenAI, lines: Iterable[str] | bytes, endpoint: str = "/v1/analyze", **options: Any
) -> Batch:
    """Send a file and have it answered."""
    content = lines if isinstance(lines, bytes) else "\n".join(lines).encode()
    file = await client.files.create(file=("papers.jsonl", content), purpose="batch")
    return await client.batches.create(
        input_file_id=file.id, endpoint=endpoint, completion_window="24h", **options  # type: ignore[arg-type]
    )  # fmt: skip


async def until(client: AsyncOpenAI, batch: Batch, condition: Callable[[Batch], bool]) -> Batch:
    """The batch, once the condition holds."""
    async with asyncio.timeout(WITHIN_S):
        while not condition(batch):
            await asyncio.sleep(0.01)
            batch = await client.batches.retrieve(batch.id)
    return batch


async def holds(condition: Callable[[], bool]) -> None:
    """Wait until it does."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110  it says nothing when it does
            await asyncio.sleep(0.01)


async def ended(client: AsyncOpenAI, batch: Batch) -> Batch:
    return await until(client, batch, lambda now: now.status in ENDED)


async def records(client: AsyncOpenAI, file_id: str | None) -> dict[str, Any]:
    """The records of a file by custom_id, of which there is one each."""
    assert file_id is not None
    found = [json.loads(record) for record in (await client.files.content(file_id)).text.splitlines()]
    by_id = {record["custom_id"]: record for record in found}
    assert len(by_id) == len(found)
    return by_id


def counts(batch: Batch) -> tuple[int, int, int]:
    """All lines, those answered, those answered with an error."""
    assert batch.request_counts is not None
    return batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed
