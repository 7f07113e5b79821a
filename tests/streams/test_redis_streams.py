"""Redis Streams: an answer and its acknowledgement are one step, and what a dead worker held is taken over."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from streams.broker import Backlog, BrokerRefused, BrokerUnavailable
from streams.messages import Answer, DeadLetter, Delivery, Reason
from streams.redis_streams import RedisStreams
from streams.settings import WorkerSettings
from tests.streams.conftest import MakeSettings

pytestmark = pytest.mark.anyio

CLAIM_AFTER_S = 1.0
WAIT_S = 0.05


@pytest.fixture
def settings(make_settings: MakeSettings) -> WorkerSettings:
    return make_settings(claim_after_s=CLAIM_AFTER_S, name="one")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        yield redis


@pytest.fixture
async def one(settings: WorkerSettings) -> AsyncIterator[RedisStreams]:
    broker = RedisStreams(settings)
    await broker.open()
    yield broker
    await broker.close()


@pytest.fixture
async def two(make_settings: MakeSettings) -> AsyncIterator[RedisStreams]:
    broker = RedisStreams(make_settings(claim_after_s=CLAIM_AFTER_S, name="two"))
    await broker.open()
    yield broker
    await broker.close()


def answer(delivery: Delivery, key: str = "k1") -> Answer:
    return Answer(delivery, key, b'{"abstract_id": "1"}')


async def read(broker: RedisStreams, count: int = 1) -> list[Delivery]:
    """As many messages, however long they take."""
    found: list[Delivery] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            found += await broker.read(count - len(found), WAIT_S)
    return found


async def test_messages_are_read_once_and_shared(
    one: RedisStreams, two: RedisStreams, settings: WorkerSettings, redis: Any
) -> None:
    for number in range(4):
        await redis.xadd(settings.source, {"paper": f"{number}"})

    found = [*await read(one, 2), *await read(two, 2)]

    assert [delivery.payload for delivery in found] == [b"0", b"1", b"2", b"3"]
    assert await one.read(10, WAIT_S) == []


async def test_an_answer_is_written_with_its_acknowledgement(
    one: RedisStreams, settings: WorkerSettings, redis: Any
) -> None:
    await redis.xadd(settings.source, {"paper": "a"})
    [delivery] = await read(one)

    assert await one.settle([answer(delivery)]) == [True]

    [(_, fields)] = await redis.xrange(settings.output)
    assert fields == {"input_hash": "k1", "analysis": '{"abstract_id": "1"}'}
    assert (await one.backlog()).pending == {settings.source: 0}


async def test_what_is_settled_twice_is_written_once(one: RedisStreams, settings: WorkerSettings, redis: Any) -> None:
    await redis.xadd(settings.source, {"paper": "a"})
    [delivery] = await read(one)

    assert await one.settle([answer(delivery)]) == [True]
    assert await one.settle([answer(delivery)]) == [False]
    assert await one.settle([DeadLetter(delivery, Reason.FAILED, "late")]) == [False]

    assert await redis.xlen(settings.output) == 1
    assert await redis.xlen(settings.dead_letters) == 0


async def test_the_same_paper_in_two_messages_is_answered_once(
    one: RedisStreams, settings: WorkerSettings, redis: Any
) -> None:
    await redis.xadd(settings.source, {"paper": "a"})
    await redis.xadd(settings.source, {"paper": "a"})
    first, second = await read(one, 2)

    assert await one.settle([answer(first), answer(second)]) == [True, False]

    assert await redis.xlen(settings.output) == 1
    assert (await one.backlog()).pending == {settings.source: 0}


async def test_a_dead_letter_has_all_of_its_message_and_why(
    one: RedisStreams, settings: WorkerSettings, redis: Any
) -> None:
    entry = await redis.xadd(settings.source, {"text": "no paper", "from": "a form"})
    [delivery] = await read(one)
    assert delivery.payload is None

    await one.settle([DeadLetter(delivery, Reason.NO_PAPER, "there is none")])

    [(_, fields)] = await redis.xrange(settings.dead_letters)
    assert fields == {
        "text": "no paper",
        "from": "a form",
        "dead_entry": entry,
        "dead_reason": "no_paper",
        "dead_detail": "there is none",
        "dead_deliveries": "1",
    }
    assert (await one.backlog()).pending == {settings.source: 0}


async def test_a_message_of_very_many_fields_is_a_dead_letter_too(
    one: RedisStreams, settings: WorkerSettings, redis: Any
) -> None:
    entry = await redis.xadd(settings.source, {str(number): "x" for number in range(20_000)})
    [delivery] = await read(one)

    assert await one.settle([DeadLetter(delivery, Reason.NO_PAPER, "there is none")]) == [True]

    [(_, fields)] = await redis.xrange(settings.dead_letters)
    assert fields["dead_entry"] == entry


async def test_nothing_is_changed_where_the_output_is_no_stream(
    one: RedisStreams, settings: WorkerSettings, redis: Any
) -> None:
    await redis.set(settings.output, "something else")
    await redis.xadd(settings.source, {"paper": "a"})
    [delivery] = await read(one)

    with pytest.raises(BrokerRefused, match="WRONGTYPE"):
        await one.settle([answer(delivery)])

    assert (await one.backlog()).pending == {settings.source: 1}
    await redis.delete(settings.output)
    assert await one.settle([answer(delivery)]) == [True]


async def test_messages_of_a_silent_worker_are_taken_over_and_counted(
    settings: WorkerSettings, two: RedisStreams, redis: Any
) -> None:
    killed = RedisStreams(settings)
    await killed.open()
    await redis.xadd(settings.source, {"paper": "a"})
    [before] = await read(killed)
    assert killed._keeping is not None
    killed._keeping.cancel()

    [after] = await read(two)

    assert (after.place, after.payload, before.count, after.count) == (before.place, b"a", 1, 2)
    assert await two.settle([answer(after)]) == [True]
    assert await killed.settle([answer(before)]) == [False]
    assert await redis.xlen(settings.output) == 1
    await killed.close()


async def test_messages_of_a_worker_that_takes_long_are_left_to_it(
    one: RedisStreams, two: RedisStreams, settings: WorkerSettings, redis: Any
) -> None:
    await redis.xadd(settings.source, {"paper": "a"})
    [delivery] = await read(one)

    async with asyncio.timeout(30):
        for _ in range(3):
            await asyncio.sleep(CLAIM_AFTER_S)
            assert await two.read(1, WAIT_S) == []

    [pending] = await redis.xpending_range(settings.source, settings.group, "-", "+", 10)
    assert (pending["consumer"], pending["times_delivered"]) == ("one", 1)
    assert await one.settle([answer(delivery)]) == [True]


async def test_what_is_given_back_is_somebody_else_s_at_once_and_counts_as_never_delivered(
    settings: WorkerSettings, two: RedisStreams, redis: Any
) -> None:
    leaving = RedisStreams(settings)
    await leaving.open()
    await redis.xadd(settings.source, {"paper": "a"})
    [delivery] = await read(leaving)

    await leaving.give_back([delivery])
    await leaving.close()
    [again] = await read(two)

    assert (again.place, again.count) == (delivery.place, 1)
    names = {consumer["name"] for consumer in await redis.xinfo_consumers(settings.source, settings.group)}
    assert "one" not in names


async def test_a_worker_that_leaves_with_messages_keeps_its_name_for_those_who_claim_them(
    settings: WorkerSettings, two: RedisStreams, redis: Any
) -> None:
    leaving = RedisStreams(settings)
    await leaving.open()
    await redis.xadd(settings.source, {"paper": "a"})
    [delivery] = await read(leaving)
    await leaving.close()

    [again] = await read(two)

    assert again.place == delivery.place


async def test_a_stream_that_was_deleted_is_joined_again(
    one: RedisStreams, settings: WorkerSettings, redis: Any
) -> None:
    await redis.delete(settings.source)
    await one.read(1, WAIT_S)
    await redis.xadd(settings.source, {"paper": "a"})

    assert [delivery.payload for delivery in await read(one)] == [b"a"]


async def test_what_was_in_work_when_its_stream_was_deleted_is_nobody_s(
    one: RedisStreams, settings: WorkerSettings, redis: Any
) -> None:
    await redis.xadd(settings.source, {"paper": "a"})
    [delivery] = await read(one)
    await redis.delete(settings.source)

    assert await one.settle([answer(delivery)]) == [False]
    assert (await one.backlog()) == Backlog()


async def test_messages_of_a_dead_worker_are_found_behind_many_that_are_in_work(
    make_settings: MakeSettings, settings: WorkerSettings, two: RedisStreams, redis: Any
) -> None:
    for number in range(301):
        await redis.xadd(settings.source, {"paper": f"{number}"})
    busy = RedisStreams(settings)
    await busy.open()
    await read(busy, 300)
    killed = RedisStreams(make_settings(claim_after_s=CLAIM_AFTER_S, name="three"))
    await killed.open()
    await read(killed)
    assert killed._keeping is not None
    killed._keeping.cancel()

    found: list[Delivery] = []
    async with asyncio.timeout(30):
        while not found:
            found += await two.read(1, WAIT_S)

    assert [delivery.payload for delivery in found] == [b"300"]
    await busy.close()
    await killed.close()


async def test_lag_and_pending(one: RedisStreams, two: RedisStreams, settings: WorkerSettings, redis: Any) -> None:
    for number in range(5):
        await redis.xadd(settings.source, {"paper": f"{number}"})
    await read(one, 2)

    for worker in (one, two):  # both see all of the group
        assert await worker.backlog() == Backlog({settings.source: 3}, {settings.source: 2})


async def test_what_is_settled_can_be_removed_and_the_output_kept_short(
    make_settings: MakeSettings, redis: Any
) -> None:
    settings = make_settings(delete_settled=True, output_max_entries=100)
    broker = RedisStreams(settings)
    await broker.open()
    for number in range(500):
        await redis.xadd(settings.source, {"paper": f"{number}"})

    await broker.settle([answer(delivery, str(delivery.place)) for delivery in await read(broker, 500)])

    assert await redis.xlen(settings.source) == 0
    assert 100 <= await redis.xlen(settings.output) < 500
    await broker.close()


async def test_a_redis_that_is_not_there_is_unavailable(make_settings: MakeSettings) -> None:
    with pytest.raises(BrokerUnavailable):
        await RedisStreams(make_settings(broker_url="redis://127.0.0.1:1/0")).open()


async def test_a_source_that_is_no_stream_is_refused(settings: WorkerSettings, redis: Any) -> None:
    await redis.set(settings.source, "something else")

    with pytest.raises(BrokerRefused, match="WRONGTYPE"):
        await RedisStreams(settings).open()


async def test_a_wrong_password_is_refused(make_settings: MakeSettings, redis_url: str) -> None:
    url = redis_url.replace("redis://", "redis://nobody:wrong@")

    with pytest.raises(BrokerRefused, match="password"):
        await RedisStreams(make_settings(broker_url=url)).open()
