"""Leases, on both databases: whoever has lost a batch changes nothing of it any more."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from serve.batches.database import Database, sqlite_url
from serve.batches.leases import LeaseLost, Leases
from serve.batches.messages import BatchRequest, FileObject, Status
from serve.batches.records import Answer
from serve.batches.store import Store
from serve.errors import Conflict, InvalidRequest, NotFound, TooBusy
from serve.service import Service
from serve.settings import Settings
from tests.serve.batches.services import client_of, counts, ended, line, paper, records, submit
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

NOW = 1_000_000.0
LEASE_S = 10.0
FILE = FileObject(id="file-1", bytes=1, created_at=1, expires_at=2_000_000, filename="é.jsonl", purpose="batch")
REQUEST = BatchRequest(
    input_file_id=FILE.id, endpoint="/v1/analyze", completion_window="24h", metadata={"key": "any \x00 é 😀 text"}
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "batches.db")
    return str(request.getfixturevalue("postgresql").new_database())


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url)
    yield database
    await database.close()


@pytest.fixture
async def store(database: Database, settings: Settings) -> Store:
    """With one batch that nobody has taken."""
    store = Store(database)
    await store.add_file("me", FILE, max_files=1)
    await store.add_batch("me", "batch_1", REQUEST, NOW, settings.batches)
    return store


@pytest.fixture
def one(database: Database, store: Store) -> Leases:
    return Leases(database)


@pytest.fixture
def other(database: Database, store: Store) -> Leases:
    return Leases(database)


async def test_a_database_of_an_earlier_release_gets_the_columns_that_it_lacks(url: str, settings: Settings) -> None:
    earlier = await Database.open(url)
    await Store(earlier).add_file("me", FILE, max_files=1)
    await Store(earlier).add_batch("me", "batch_1", REQUEST, NOW, settings.batches)
    async with earlier.transaction() as session:
        await session.execute(text("ALTER TABLE pubserve_batches DROP COLUMN key_id"))
    await earlier.close()

    later = await Database.open(url)
    leases = Leases(later)
    batch = await leases.renew(str(await leases.claim(NOW, LEASE_S)), NOW)
    await later.close()

    assert (batch.id, batch.key_id) == ("batch_1", None)


@pytest.mark.usefixtures("store")
async def test_of_many_who_claim_a_batch_one_gets_it(database: Database) -> None:
    claimed = await asyncio.gather(*[Leases(database).claim(NOW, LEASE_S) for _ in range(5)])

    assert sorted(claimed, key=str) == [None, None, None, None, "batch_1"]


async def test_a_lease_is_kept_by_renewing_it_and_lost_by_silence(one: Leases, other: Leases) -> None:
    await one.claim(NOW, LEASE_S)
    await one.renew("batch_1", NOW + 2 * LEASE_S)

    assert await other.claim(NOW + LEASE_S + 1, LEASE_S) is None
    assert await other.claim(NOW + 2 * LEASE_S + 1, LEASE_S) == "batch_1"
    with pytest.raises(LeaseLost):
        await one.renew("batch_1", NOW + 9 * LEASE_S)


async def test_a_lease_that_is_given_back_is_free_at_once(one: Leases, other: Leases) -> None:
    await one.claim(NOW, LEASE_S)
    await other.release("batch_1")
    assert await other.claim(NOW, LEASE_S) is None

    await one.release("batch_1")
    assert await other.claim(NOW, LEASE_S) == "batch_1"


async def test_whoever_lost_the_lease_records_nothing(store: Store, one: Leases, other: Leases) -> None:
    await one.claim(NOW, LEASE_S)
    batch = await one.renew("batch_1", NOW + LEASE_S)
    await one.record(batch, [Answer(1, True, "{}", 10, 5), Answer(2, False, "{}")])
    await other.claim(NOW + 2 * LEASE_S, LEASE_S)

    with pytest.raises(LeaseLost):
        await one.record(batch, [Answer(3, True, "{}")])
    with pytest.raises(LeaseLost):
        await one.finish(batch, [], status=Status.COMPLETED)
    with pytest.raises(LeaseLost):
        await one.advance("batch_1", Status.VALIDATING, status=Status.IN_PROGRESS)

    assert await one.answered_lines(batch) == {1, 2}
    seen = await store.batch("me", "batch_1")
    assert (seen.request_counts.completed, seen.request_counts.failed, seen.status) == (1, 1, Status.VALIDATING)
    assert seen.usage is not None
    assert (seen.usage.input_tokens, seen.usage.output_tokens, seen.usage.total_tokens) == (10, 5, 15)


async def test_records_come_in_the_order_of_the_lines(one: Leases) -> None:
    await one.claim(NOW, LEASE_S)
    batch = await one.renew("batch_1", NOW + LEASE_S)
    answers = [Answer(n, n % 2 == 0, str(n)) for n in range(1_200, 0, -1)]
    for start in range(0, 1_200, 100):
        await one.record(batch, answers[start : start + 100])

    for ok in (True, False):
        found = [record async for page in one.records(batch, ok=ok) for record in page]
        assert found == [str(n) for n in range(1, 1_201) if (n % 2 == 0) is ok]


async def test_a_batch_that_ended_is_nobodys_and_has_its_file(store: Store, one: Leases) -> None:
    await one.claim(NOW, LEASE_S)
    batch = await one.renew("batch_1", NOW + LEASE_S)
    output = FILE.model_copy(update={"id": "file-1-output", "purpose": "batch_output"})
    await one.record(batch, [Answer(1, True, "{}")])

    await one.finish(batch, [output], status=Status.COMPLETED, output_file_id=output.id)

    assert await one.claim(NOW + 99 * LEASE_S, LEASE_S) is None
    assert await one.answered_lines(batch) == set()
    assert await store.file("me", output.id, NOW) == output
    assert await store.count_by_status() == {"completed": 1}
    with pytest.raises(Conflict, match="completed"):
        await store.cancel("me", "batch_1", NOW)


async def test_what_a_caller_wrote_comes_back_as_it_was(store: Store) -> None:
    assert (await store.batch("me", "batch_1")).metadata == REQUEST.metadata
    assert await store.file("me", FILE.id, NOW) == FILE


async def test_others_see_nothing(store: Store, settings: Settings) -> None:
    with pytest.raises(NotFound):
        await store.file("you", FILE.id, NOW)
    with pytest.raises(NotFound):
        await store.batch("you", "batch_1")
    with pytest.raises(NotFound):
        await store.cancel("you", "batch_1", NOW)
    with pytest.raises(NotFound):
        await store.delete_file("you", FILE.id, NOW)
    with pytest.raises(InvalidRequest, match="There is no file"):
        await store.add_batch("you", "batch_2", REQUEST, NOW, settings.batches)
    assert await store.batches("you", after=None, limit=10) == ([], False)
    assert (await store.batch("me", "batch_1")).status is Status.VALIDATING


async def test_a_caller_has_so_many_files_and_unfinished_batches(store: Store, settings: Settings) -> None:
    with pytest.raises(InvalidRequest, match="delete some"):
        await store.add_file("me", FILE.model_copy(update={"id": "file-2"}), max_files=1)
    one = settings.batches.model_copy(update={"max_unfinished": 1})
    with pytest.raises(TooBusy, match="unfinished") as refusal:
        await store.add_batch("me", "batch_2", REQUEST, NOW, one)

    assert refusal.value.retry_after_s


async def test_old_batches_and_expired_files_are_forgotten(store: Store, one: Leases) -> None:
    kept_s = 3_600
    assert await store.sweep(FILE.expires_at or 0, kept_s) == []  # a batch still reads it
    await one.claim(NOW, LEASE_S)
    batch = await one.renew("batch_1", NOW + LEASE_S)
    await one.finish(batch, [], status=Status.FAILED)

    assert await store.sweep(FILE.expires_at or 0, kept_s) == [FILE.id]
    with pytest.raises(NotFound):
        await store.batch("me", "batch_1")


async def test_a_transaction_that_nobody_waits_for_any_more_holds_no_lock(one: Leases) -> None:
    for delay_s in (0.0, 0.0005, 0.001, 0.002, 0.004):
        changing = asyncio.create_task(one.claim(NOW, LEASE_S))
        await asyncio.sleep(delay_s)
        changing.cancel()
        async with asyncio.timeout(5):
            await one.release("batch_1")


async def test_replicas_that_open_a_new_database_at_once_all_can(url: str) -> None:
    databases = await asyncio.gather(*[Database.open(url) for _ in range(6)])
    for database in databases:
        assert await Store(database).count_by_status() == {}
        await database.close()


async def test_batches_run_on_it_and_go_on_after_a_restart(url: str, settings: Settings) -> None:
    on_it = settings.model_copy(update={"batches": settings.batches.model_copy(update={"database_url": url})})
    lines = [line(str(n), paper(f"Asthma {n}.{' slow' if n >= 60 else ''}")) for n in range(100)]
    async with client_of(Service(on_it, InstantModels(stall_on="slow"))) as client:
        batch = await submit(client, lines)
        while counts(batch)[1] < 50:
            batch = await client.batches.retrieve(batch.id)

    async with client_of(Service(on_it, InstantModels())) as client:
        batch = await ended(client, batch)

        assert counts(batch) == (100, 100, 0)
        assert len(await records(client, batch.output_file_id)) == 100
