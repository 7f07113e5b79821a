"""Batches over HTTP, through the real `openai` client; what becomes of them is in tests/serve/batches."""

from typing import Any

import pytest
from openai import AsyncOpenAI, NotFoundError, RateLimitError, UnprocessableEntityError

from serve.batches.messages import WINDOW_S
from serve.service import Service
from serve.settings import Settings
from tests.serve.batches.services import client_of, counts, ended, line, paper, submit
from tests.serve.conftest import InstantModels
from tests.serve.http.test_files import said, upload

pytestmark = pytest.mark.anyio

LINES = [line("a", paper("Asthma."))]


async def test_a_batch_begins_with_its_file_being_checked(client: AsyncOpenAI) -> None:
    metadata = {"corpus": "asthma"}

    batch = await submit(client, LINES, metadata=metadata)

    assert (batch.object, batch.status, batch.endpoint, batch.completion_window) == (
        "batch", "validating", "/v1/analyze", "24h",
    )  # fmt: skip
    assert batch.expires_at == batch.created_at + WINDOW_S
    assert (counts(batch), batch.metadata) == ((0, 0, 0), metadata)
    assert (batch.output_file_id, batch.error_file_id, batch.errors) == (None, None, None)
    assert await client.batches.retrieve(batch.id) == batch


async def test_batches_are_listed_in_pages_the_newest_first(client: AsyncOpenAI) -> None:
    made = [(await submit(client, LINES)).id for _ in range(3)]

    assert [batch.id async for batch in client.batches.list(limit=2)] == made[::-1]
    page = await client.batches.list(limit=1, after=made[2])
    assert ([batch.id for batch in page.data], page.has_more) == ([made[1]], True)


async def test_the_files_of_a_batch_are_kept_as_long_as_it_says(
    files_settings: Settings, models: InstantModels
) -> None:
    run = files_settings.model_copy(update={"batches": files_settings.batches.model_copy(update={"running": 1})})
    async with client_of(Service(run, models)) as client:
        after = {"anchor": "created_at", "seconds": 3600}
        batch = await ended(client, await submit(client, LINES, output_expires_after=after))

        assert batch.output_file_id is not None
        output = await client.files.retrieve(batch.output_file_id)
        assert (output.purpose, output.expires_at) == ("batch_output", output.created_at + 3600)
        assert output.filename == f"{batch.id}_output.jsonl"
        assert [file.id for file in (await client.files.list(purpose="batch_output")).data] == [output.id]


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"endpoint": "/v1/embeddings"}, "endpoint"),
        ({"completion_window": "7d"}, "completion_window"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
        ({"metadata": {"key": "x" * 513}}, "metadata.key"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, "output_expires_after.seconds"),
        ({"extra_body": {"urgent": True}}, "urgent"),
    ],
)
async def test_what_is_wrong_with_a_batch_is_named(client: AsyncOpenAI, changed: dict[str, Any], param: str) -> None:
    file = await upload(client)
    asked = {"input_file_id": file.id, "endpoint": "/v1/analyze", "completion_window": "24h"}

    with pytest.raises(UnprocessableEntityError) as refusal:
        await client.batches.create(**{**asked, **changed})

    assert said(refusal) == (422, "invalid_field", param)


async def test_a_batch_needs_a_file_that_is_there(client: AsyncOpenAI) -> None:
    with pytest.raises(UnprocessableEntityError, match="/v1/files") as refusal:
        await client.batches.create(input_file_id="file-0", endpoint="/v1/completions", completion_window="24h")

    assert said(refusal) == (422, "file_not_found", "input_file_id")


async def test_the_output_of_a_batch_is_no_input(files_settings: Settings, models: InstantModels) -> None:
    run = files_settings.model_copy(update={"batches": files_settings.batches.model_copy(update={"running": 1})})
    async with client_of(Service(run, models)) as client:
        output = (await ended(client, await submit(client, LINES))).output_file_id
        assert output is not None

        with pytest.raises(UnprocessableEntityError) as refusal:
            await client.batches.create(input_file_id=output, endpoint="/v1/completions", completion_window="24h")

    assert said(refusal) == (422, "file_not_found", "input_file_id")


async def test_a_file_that_cannot_be_run_fails_its_batch_with_every_bad_line(
    files_settings: Settings, models: InstantModels
) -> None:
    run = files_settings.model_copy(update={"batches": files_settings.batches.model_copy(update={"running": 1})})
    async with client_of(Service(run, models)) as client:
        batch = await ended(client, await submit(client, [*LINES, "no JSON", *LINES]))

    assert (batch.status, counts(batch)) == ("failed", (0, 0, 0))
    assert batch.failed_at is not None
    assert (batch.output_file_id, batch.error_file_id) == (None, None)
    assert batch.errors is not None
    found = [(error.line, error.code, error.param) for error in batch.errors.data or []]
    assert found == [(2, "invalid_json_line", None), (3, "duplicate_custom_id", "custom_id")]
    assert not models.calls


async def test_a_batch_that_is_not_there_is_a_404(client: AsyncOpenAI) -> None:
    for call in (client.batches.retrieve, client.batches.cancel):
        with pytest.raises(NotFoundError) as refusal:
            await call("batch_0")
        assert said(refusal) == (404, "not_found", "batch_id")


async def test_a_caller_has_so_many_unfinished_batches(client: AsyncOpenAI, files_settings: Settings) -> None:
    for _ in range(files_settings.batches.max_unfinished):
        last = await submit(client, LINES)

    with pytest.raises(RateLimitError, match="cancel one") as refusal:
        await submit(client, LINES)

    assert said(refusal)[:2] == (429, "too_busy")
    assert int(refusal.value.response.headers["retry-after"]) >= 1
    assert (await client.batches.cancel(last.id)).status == "cancelling"
