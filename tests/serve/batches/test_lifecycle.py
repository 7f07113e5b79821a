"""Batches from their beginning to each of their ends, and over to other processes."""

import asyncio
import io
from pathlib import Path

import pytest
from openai import AsyncOpenAI, ConflictError, InternalServerError
from openai.types import Batch

from serve.batches.batches import Batches
from serve.batches.leases import Leases
from serve.batches.messages import BatchRequest
from serve.errors import NotFound
from serve.service import Service
from serve.settings import Settings
from tests.serve.batches.services import client_of, counts, ended, holds, line, paper, records, submit, until
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

LINES = 500
SLOW_AFTER = 200
LEASE_S = 1.0


def papers(count: int = LINES, slow_after: int | None = None) -> list[str]:
    """Lines; the models can be told to stall on those from `slow_after` on."""
    return [line(str(n), paper(f"Asthma {n}.{' slow' if slow_after is not None and n >= slow_after else ''}"))
            for n in range(count)]  # fmt: skip


def stalled() -> InstantModels:
    return InstantModels(stall_on="slow")


async def half_done(client: AsyncOpenAI, batch: Batch) -> Batch:
    """All lines up to those on which the models stall are recorded."""
    return await until(client, batch, lambda now: counts(now)[1] >= SLOW_AFTER - 8)


async def test_a_cancelled_batch_keeps_what_was_answered(settings: Settings) -> None:
    async with client_of(Service(settings, stalled())) as client:
        batch = await submit(client, papers(slow_after=SLOW_AFTER))
        await half_done(client, batch)

        assert (await client.batches.cancel(batch.id)).status == "cancelling"
        batch = await ended(client, batch)

        assert batch.status == "cancelled"
        assert None not in (batch.in_progress_at, batch.cancelling_at, batch.cancelled_at)
        answered, others = await records(client, batch.output_file_id), await records(client, batch.error_file_id)
        assert len(answered) == counts(batch)[1] < LINES
        assert answered.keys() | others.keys() == {str(n) for n in range(LINES)}
        assert answered.keys().isdisjoint(others)
        assert {record["error"]["code"] for record in others.values()} == {"batch_cancelled"}
        assert (await client.batches.cancel(batch.id)).status == "cancelled"


async def test_a_batch_that_is_done_cannot_be_cancelled(settings: Settings, client: AsyncOpenAI) -> None:
    batch = await ended(client, await submit(client, papers(3)))

    with pytest.raises(ConflictError, match="completed"):
        await client.batches.cancel(batch.id)


async def test_a_batch_that_takes_too_long_expires_with_what_was_answered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.batches.tables.WINDOW_S", 2)
    async with client_of(Service(settings, stalled())) as client:
        batch = await submit(client, papers(slow_after=SLOW_AFTER))

        batch = await ended(client, batch)

        assert batch.status == "expired"
        answered, others = await records(client, batch.output_file_id), await records(client, batch.error_file_id)
        assert len(answered) == counts(batch)[1]
        assert answered.keys() | others.keys() == {str(n) for n in range(LINES)}
        assert {record["error"]["code"] for record in others.values()} == {"batch_expired"}


async def test_after_a_restart_no_line_is_lost_and_none_is_done_again(settings: Settings) -> None:
    before, after = stalled(), InstantModels()
    async with client_of(Service(settings, before)) as client:
        batch = await submit(client, papers(slow_after=SLOW_AFTER))
        at_stop = await half_done(client, batch)

    async with client_of(Service(settings, after)) as client:
        left = LINES - counts(await client.batches.retrieve(batch.id))[1]
        batch = await ended(client, batch)

        assert left <= LINES - counts(at_stop)[1]
        assert (batch.status, counts(batch)) == ("completed", (LINES, LINES, 0))
        assert len(await records(client, batch.output_file_id)) == LINES
        assert sum(after.calls) == left


async def test_a_service_that_drains_gives_its_batches_to_another(settings: Settings) -> None:
    one, other = Service(with_batches(settings, lease_s=3600), stalled()), Service(settings, InstantModels())
    async with client_of(one) as first:
        batch = await submit(first, papers(slow_after=SLOW_AFTER))
        await half_done(first, batch)
        async with client_of(other) as second:
            one.drain()

            assert counts(await ended(second, batch)) == (LINES, LINES, 0)
            assert one.in_flight == 0
            with pytest.raises(InternalServerError, match="shutting down"):
                await submit(first, papers(1))


async def test_the_batch_of_a_runner_that_is_silent_is_taken_over(
    settings: Settings, models: InstantModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = Batches(Service(with_batches(settings, running=1, lease_s=LEASE_S), stalled()))
    async with client_of(Service(with_batches(settings, running=0), models)) as client, silent.running():
        batch = await submit(client, papers(slow_after=SLOW_AFTER))
        await half_done(client, batch)
        with monkeypatch.context() as silence:
            silence.setattr(Leases, "renew", for_ever)
            await asyncio.sleep(LEASE_S)  # the next renewal has begun, and does not come back

        async with client_of(Service(settings, models)) as other:
            batch = await ended(other, batch)

            assert counts(batch) == (LINES, LINES, 0)
            assert len(await records(other, batch.output_file_id)) == LINES
            assert sum(models.calls) <= LINES - SLOW_AFTER + 8


async def test_replicas_share_the_batches_and_no_line_is_read_twice(settings: Settings) -> None:
    both = [InstantModels(), InstantModels()]
    async with (
        client_of(Service(with_batches(settings, running=1), both[0])) as first,
        client_of(Service(with_batches(settings, running=1), both[1])) as second,
    ):
        batches = [await submit(first, papers(100)) for _ in range(8)]

        for batch in batches:
            batch = await ended(second, batch)
            assert counts(batch) == (100, 100, 0)
            assert len(await records(first, batch.output_file_id)) == 100

    assert sum(both[0].calls) + sum(both[1].calls) == 800
    assert all(models.calls for models in both)


async def test_what_a_killed_process_left_is_finished_without_anyone_asking(
    settings: Settings, models: InstantModels
) -> None:
    async with client_of(Service(with_batches(settings, running=0), models)) as client:
        batch = await submit(client, papers(20))

    async with client_of(Service(settings, models)) as client:
        await holds(lambda: sum(models.calls) == 20)

        assert counts(await ended(client, batch)) == (20, 20, 0)


async def test_a_batch_whose_input_was_lost_fails_and_says_so(settings: Settings, models: InstantModels) -> None:
    async with client_of(Service(with_batches(settings, running=0), models)) as client:
        batch = await submit(client, papers(20))
        (Path(str(settings.batches.state_dir)) / "files" / batch.input_file_id).unlink()

    async with client_of(Service(settings, models)) as client:
        batch = await ended(client, batch)

    assert batch.status == "failed"
    assert batch.errors is not None
    assert [error.code for error in batch.errors.data or []] == ["file_not_found"]


async def test_nothing_is_kept_on_disk_before_there_is_a_file(settings: Settings, models: InstantModels) -> None:
    directory = Path(str(settings.batches.state_dir)) / "new"
    async with client_of(Service(with_batches(settings, state_dir=str(directory)), models)) as client:
        await client.models.list()
        assert not directory.exists()

        await submit(client, papers(1))
        assert directory.is_dir()


async def test_a_place_that_cannot_be_written_is_said_to_be_none(settings: Settings, models: InstantModels) -> None:
    (Path(str(settings.batches.state_dir)) / "file").write_text("in the way")
    state_dir = str(Path(str(settings.batches.state_dir)) / "file" / "state")
    async with client_of(Service(with_batches(settings, state_dir=state_dir), models)) as client:
        with pytest.raises(InternalServerError, match="no place for files") as refusal:
            await submit(client, papers(1))

    assert refusal.value.status_code == 503
    assert "state" not in refusal.value.message


async def test_a_database_that_does_not_answer_is_a_503(settings: Settings, models: InstantModels) -> None:
    nobody_there = "postgresql+asyncpg://user:secret@127.0.0.1:9/pubserve"
    async with client_of(Service(with_batches(settings, database_url=nobody_there), models)) as client:
        with pytest.raises(InternalServerError, match="database of batches") as refusal:
            await submit(client, papers(1))

    assert refusal.value.status_code == 503
    assert "secret" not in refusal.value.message


async def test_a_file_that_is_no_database_is_a_503(settings: Settings, models: InstantModels) -> None:
    (Path(str(settings.batches.state_dir)) / "batches.db").write_bytes(b"no database" * 100)
    async with client_of(Service(settings, models)) as client:
        with pytest.raises(InternalServerError, match="database of batches") as refusal:
            await submit(client, papers(1))

    assert refusal.value.status_code == 503


async def test_what_has_expired_is_gone_and_what_a_batch_still_reads_is_not(settings: Settings) -> None:
    clock = [1_000_000.0]
    service = Service(settings, stalled())
    batches = Batches(service, clock=lambda: clock[0])
    async with client_of(Service(with_batches(settings, running=0), stalled())), batches.running():
        read, other = [await batches.save("me", "a.jsonl", file_of(papers(9, 0)), 1, 3600) for _ in range(2)]
        request = BatchRequest(input_file_id=read.id, endpoint="/v1/analyze", completion_window="24h")
        await batches.create("me", request)
        clock[0] += 7200

        for file in (read, other):
            with pytest.raises(NotFound):
                await batches.file("me", file.id)
        files = Path(str(settings.batches.state_dir)) / "files"
        batches._bell.ring()
        await holds(lambda: not (files / other.id).exists())
        assert (files / read.id).exists()


def with_batches(settings: Settings, **values: object) -> Settings:
    return settings.model_copy(update={"batches": settings.batches.model_copy(update=values)})


def file_of(lines: list[str]) -> io.BytesIO:
    return io.BytesIO("\n".join(lines).encode())


async def for_ever(*_: object) -> None:
    await asyncio.sleep(3600)
