"""Files of the Batch API, through the real `openai` client."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import (
    APIStatusError,
    AsyncOpenAI,
    AuthenticationError,
    ConflictError,
    NotFoundError,
    UnprocessableEntityError,
)

from serve.http.files import FORM_BYTES
from serve.keys.key import new_key
from serve.keys.key_file import changing
from serve.keys.scopes import Scope
from serve.service import Service
from serve.settings import KeysSettings, Settings
from tests.serve.batches.services import client_of, line, paper, submit
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

CONTENT = line("a", paper("Asthma.")).encode()


async def upload(client: AsyncOpenAI, content: bytes = CONTENT, name: str = "papers.jsonl", **options: Any) -> Any:
    return await client.files.create(file=(name, content), **{"purpose": "batch", **options})


async def post_form(client: AsyncOpenAI, **form: Any) -> httpx2.Response:
    """What the client itself would not send."""
    return await client._client.post("http://test/v1/files", **form)


def said(refusal: pytest.ExceptionInfo[APIStatusError]) -> tuple[int, str | None, str | None]:
    """Status, code and param."""
    return refusal.value.status_code, refusal.value.code, refusal.value.param


async def test_a_file_is_kept_as_it_was_sent(client: AsyncOpenAI, files_settings: Settings) -> None:
    content = CONTENT * 100

    file = await upload(client, content)

    assert (file.object, file.purpose, file.bytes, file.filename) == ("file", "batch", len(content), "papers.jsonl")
    assert file.expires_at == file.created_at + files_settings.batches.kept_s
    assert await client.files.retrieve(file.id) == file
    assert (await client.files.content(file.id)).content == content


async def test_a_file_can_be_kept_shorter(client: AsyncOpenAI) -> None:
    file = await upload(client, expires_after={"anchor": "created_at", "seconds": 3600})

    assert file.expires_at == file.created_at + 3600


async def test_a_deleted_file_is_gone(client: AsyncOpenAI, files_settings: Settings) -> None:
    file = await upload(client)

    assert (await client.files.delete(file.id)).deleted

    for call in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(NotFoundError) as refusal:
            await call(file.id)
        assert said(refusal) == (404, "not_found", "file_id")
    assert not list((Path(str(files_settings.batches.state_dir)) / "files").iterdir())


async def test_a_file_that_a_batch_reads_is_not_deleted(client: AsyncOpenAI) -> None:
    batch = await submit(client, CONTENT)

    with pytest.raises(ConflictError, match=batch.id) as refusal:
        await client.files.delete(batch.input_file_id)

    assert said(refusal) == (409, "conflict", "file_id")


async def test_files_are_listed_in_pages_from_either_end(client: AsyncOpenAI) -> None:
    sent = [(await upload(client)).id for _ in range(5)]

    assert [file.id async for file in client.files.list(limit=2)] == sent[::-1]
    assert [file.id async for file in client.files.list(limit=2, order="asc")] == sent
    assert [file.id async for file in client.files.list(purpose="batch_output")] == []
    page = await client.files.list(limit=2, after=sent[3])
    assert ([file.id for file in page.data], page.has_more) == ([sent[2], sent[1]], True)


@pytest.mark.parametrize(
    ("options", "param"), [({"limit": 0}, "limit"), ({"order": "up"}, "order"), ({"after": "file-0"}, "after")]
)
async def test_a_page_that_cannot_be_is_refused(client: AsyncOpenAI, options: dict[str, Any], param: str) -> None:
    with pytest.raises(UnprocessableEntityError) as refusal:
        await client.files.list(**options)

    assert said(refusal) == (422, "invalid_field", param)


async def test_an_empty_file_is_refused(client: AsyncOpenAI) -> None:
    with pytest.raises(UnprocessableEntityError, match="one request a line") as refusal:
        await upload(client, b"")

    assert said(refusal) == (422, "empty_file", "file")


async def test_files_are_for_batches_alone(client: AsyncOpenAI) -> None:
    with pytest.raises(UnprocessableEntityError, match="batch") as refusal:
        await upload(client, purpose="fine-tune")

    assert said(refusal) == (422, "invalid_field", "purpose")


async def test_a_file_is_kept_for_an_hour_to_thirty_days(client: AsyncOpenAI) -> None:
    for seconds in (3599, 2_592_001):
        with pytest.raises(UnprocessableEntityError) as refusal:
            await upload(client, expires_after={"anchor": "created_at", "seconds": seconds})
        assert said(refusal) == (422, "invalid_field", "expires_after[seconds]")


async def test_a_file_has_a_limit_of_its_own_above_that_of_other_bodies(
    client: AsyncOpenAI, files_settings: Settings
) -> None:
    max_file_bytes = files_settings.batches.max_file_bytes
    await upload(client, b"x" * max_file_bytes)

    for size in (max_file_bytes + 1, max_file_bytes + 2 * FORM_BYTES):
        with pytest.raises(APIStatusError, match="split") as refusal:
            await upload(client, b"x" * size)
        assert said(refusal)[:2] == (413, "body_too_large")
    assert len((await client.files.list()).data) == 1


async def test_a_large_file_is_welcome_where_other_bodies_are_small(
    files_settings: Settings, models: InstantModels
) -> None:
    roomy = files_settings.batches.model_copy(update={"max_file_bytes": 5_000_000})
    content = b"x" * 4_000_000
    async with client_of(Service(files_settings.model_copy(update={"batches": roomy}), models)) as client:
        file = await upload(client, content)

        assert (await client.files.content(file.id)).content == content
        assert len(content) > files_settings.http.max_body_bytes


async def test_a_caller_keeps_so_many_files(client: AsyncOpenAI, files_settings: Settings) -> None:
    for _ in range(files_settings.batches.max_files):
        last = await upload(client)

    with pytest.raises(UnprocessableEntityError, match="delete some") as refusal:
        await upload(client)
    assert said(refusal) == (422, "too_many_files", "file")
    await client.files.delete(last.id)
    await upload(client)


@pytest.mark.parametrize(
    ("form", "status", "param"),
    [
        ({"data": {"purpose": "batch"}}, 422, "file"),
        ({"files": {"file": ("a.jsonl", CONTENT)}}, 422, "purpose"),
        ({"json": {"purpose": "batch"}}, 422, "file"),
        ({"content": b"--x\r\nnothing", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 422, "file"),
        ({"content": b"file", "headers": {"content-type": "multipart/form-data"}}, 422, None),
        ({"files": [("file", ("a", CONTENT)), ("file", ("b", CONTENT))], "data": {"purpose": "batch"}}, 422, None),
    ],
)
async def test_a_form_that_is_none_is_refused(
    client: AsyncOpenAI, form: dict[str, Any], status: int, param: str | None
) -> None:
    answer = await post_form(client, **form)

    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (status, param)
    assert error["message"]


async def test_a_name_is_shown_and_never_a_path(client: AsyncOpenAI, files_settings: Settings) -> None:
    file = await upload(client, name="../../ä\u202e.jsonl")

    assert file.filename == "../../ä?.jsonl"
    assert [path.name for path in (Path(str(files_settings.batches.state_dir)) / "files").iterdir()] == [file.id]


async def test_callers_with_keys_see_their_own(files_settings: Settings, models: InstantModels, tmp_path: Path) -> None:
    keys = tmp_path / "keys.yaml"
    mine, yours = (made(keys, owner) for owner in ("me", "you"))
    guarded = files_settings.model_copy(update={"keys": KeysSettings(file=str(keys))})
    async with client_of(Service(guarded, models)) as anyone:
        me, you = anyone.with_options(api_key=mine), anyone.with_options(api_key=yours)
        batch = await submit(me, CONTENT)

        assert [file.id for file in (await me.files.list()).data] == [batch.input_file_id]
        assert (await me.batches.retrieve(batch.id)).id == batch.id
        assert not (await you.files.list()).data
        assert not (await you.batches.list()).data
        for call, unknown in (
            (you.files.retrieve, batch.input_file_id),
            (you.files.content, batch.input_file_id),
            (you.files.delete, batch.input_file_id),
            (you.batches.retrieve, batch.id),
            (you.batches.cancel, batch.id),
        ):
            with pytest.raises(NotFoundError):
                await call(unknown)
        with pytest.raises(AuthenticationError):
            await anyone.files.list()


def made(keys: Path, owner: str) -> str:
    """A new key for batches."""
    token, key = new_key(owner, (Scope.BATCH,), created=datetime.now(UTC))
    with changing(keys) as known:
        known.append(key)
    return token


@pytest.mark.parametrize("file_id", ["file-0", "batches.db", "file-../batches.db", "file-%00", "file-" + "x" * 500])
async def test_what_is_no_file_is_not_found(client: AsyncOpenAI, file_id: str) -> None:
    for path in (f"/v1/files/{file_id}", f"/v1/files/{file_id}/content"):
        answer = await client._client.get(f"http://test{path}")
        assert answer.status_code in (404, 422), answer.text
