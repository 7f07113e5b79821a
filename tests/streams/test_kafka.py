"""Kafka's protocol on a real broker: commits of what is settled without a gap, answers under the key of their paper."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition  # type: ignore[import-untyped]

from streams.broker import BrokerUnavailable
from streams.kafka import Kafka
from streams.messages import Answer, DeadLetter, Delivery, Reason
from streams.settings import WorkerSettings
from tests.streams import kafka_broker
from tests.streams.conftest import MakeSettings
from tests.streams.kafka_broker import PARTITIONS, KafkaBroker

pytestmark = pytest.mark.anyio

WITHIN_S = 60
WAIT_S = 0.2


@pytest.fixture
def settings(kafka: KafkaBroker, make_settings: MakeSettings) -> WorkerSettings:
    settings = make_settings(broker_url=kafka.url, claim_after_s=3, max_message_bytes=2000)
    kafka.create(settings.source, settings.output, settings.dead_letters)
    return settings


@pytest.fixture
async def producer(kafka: KafkaBroker) -> AsyncIterator[Any]:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address) as producer:
        yield producer


async def opened(settings: WorkerSettings) -> Kafka:
    broker = Kafka(settings)
    await broker.open()
    return broker


@pytest.fixture
async def worker(settings: WorkerSettings) -> AsyncIterator[Kafka]:
    broker = await opened(settings)
    yield broker
    await broker.close()


async def read(broker: Kafka, count: int) -> list[Delivery]:
    found: list[Delivery] = []
    async with asyncio.timeout(WITHIN_S):
        while len(found) < count:
            with contextlib.suppress(BrokerUnavailable):
                found += await broker.read(count - len(found), WAIT_S)
    return found


async def written(kafka: KafkaBroker, topic: str, count: int) -> list[Any]:
    """The first records of a topic."""
    records: list[Any] = []
    async with (
        asyncio.timeout(WITHIN_S),
        AIOKafkaConsumer(topic, bootstrap_servers=kafka.address, auto_offset_reset="earliest") as consumer,
    ):
        while len(records) < count:
            records += [record for found in (await consumer.getmany(timeout_ms=200)).values() for record in found]
    return records


async def committed(kafka: KafkaBroker, settings: WorkerSettings, partition: int) -> int | None:
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.address, group_id=settings.group, enable_auto_commit=False
    ) as consumer:
        place = TopicPartition(settings.source, partition)
        consumer.assign([place])
        offset: int | None = await consumer.committed(place)
        return offset


async def send(kafka: KafkaBroker, *values: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address) as producer:
        for value in values:
            await producer.send_and_wait("papers", value)


def answer(delivery: Delivery, key: str = "k1") -> Answer:
    return Answer(delivery, key, b"{}")


async def test_answers_have_the_key_of_their_paper(
    worker: Kafka, kafka: KafkaBroker, settings: WorkerSettings, producer: Any
) -> None:
    await producer.send_and_wait(settings.source, b"a")
    [delivery] = await read(worker, 1)
    assert (delivery.payload, delivery.count) == (b"a", 1)

    assert await worker.settle([answer(delivery)]) == [True]

    [record] = await written(kafka, settings.output, 1)
    assert (record.key, record.value) == (b"k1", b"{}")


async def test_what_is_settled_out_of_order_is_committed_up_to_the_first_gap(
    kafka: KafkaBroker, settings: WorkerSettings, producer: Any
) -> None:
    for number in range(4):
        await producer.send_and_wait(settings.source, b"%d" % number, partition=0)
    first = await opened(settings)
    deliveries = await read(first, 4)

    await first.settle([answer(deliveries[0]), answer(deliveries[2])])
    await first.close()

    assert await committed(kafka, settings, partition=0) == 1
    second = await opened(settings)
    assert [delivery.payload for delivery in await read(second, 3)] == [b"1", b"2", b"3"]
    await second.close()


async def test_a_dead_letter_has_the_value_and_why_under_its_place(
    worker: Kafka, kafka: KafkaBroker, settings: WorkerSettings, producer: Any
) -> None:
    await producer.send_and_wait(settings.source, b"\xff", partition=2)
    [delivery] = await read(worker, 1)

    await worker.settle([DeadLetter(delivery, Reason.NOT_UTF8, "byte 0 is not UTF-8")])

    [record] = await written(kafka, settings.dead_letters, 1)
    assert (record.key.decode(), record.value) == (f"{settings.source}-2-0", b"\xff")
    assert dict(record.headers) == {"dead_reason": b"not_utf8", "dead_detail": b"byte 0 is not UTF-8"}


async def test_a_dead_letter_that_is_too_large_to_send_says_where_it_lies(
    worker: Kafka, kafka: KafkaBroker, settings: WorkerSettings
) -> None:
    huge = b"x" * 2_000_000
    async with AIOKafkaProducer(bootstrap_servers=kafka.address, max_request_size=4_000_000) as producer:
        await producer.send_and_wait(settings.source, huge, partition=1)
    [delivery] = await read(worker, 1)
    assert delivery.payload == huge

    await worker.settle([DeadLetter(delivery, Reason.TOO_LARGE, "too large")])

    [record] = await written(kafka, settings.dead_letters, 1)
    assert (record.key.decode(), record.value) == (f"{settings.source}-1-0", b"")
    assert b"left at its place" in dict(record.headers)["dead_detail"]


async def test_partitions_are_shared_and_what_was_in_work_is_read_by_who_gets_them(
    kafka: KafkaBroker, settings: WorkerSettings, producer: Any
) -> None:
    for number in range(8):
        await producer.send_and_wait(settings.source, b"%d" % number, partition=number % 4)
    first = await opened(settings)
    held = await read(first, 8)
    assert len(held) == 8
    second = await opened(settings)

    found: set[bytes | None] = set()
    async with asyncio.timeout(WITHIN_S):
        while len(found) < 8:  # nothing was settled, so that both read what their partitions hold
            for broker in (first, second):
                deliveries = await broker.read(8, WAIT_S)
                found |= {delivery.payload for delivery in deliveries}
                await broker.settle([answer(delivery, str(delivery.place)) for delivery in deliveries])

    assert found == {b"%d" % number for number in range(8)}
    await second.close()
    await first.close()
    assert [await committed(kafka, settings, partition) for partition in range(4)] == [2, 2, 2, 2]


async def test_what_is_settled_after_its_partition_went_does_no_harm(
    kafka: KafkaBroker, settings: WorkerSettings, producer: Any
) -> None:
    await producer.send_and_wait(settings.source, b"a", partition=0)
    worker = await opened(settings)
    [delivery] = await read(worker, 1)
    await worker.let_go([TopicPartition(settings.source, 0)])

    assert await worker.settle([answer(delivery)]) == [True]

    assert await committed(kafka, settings, partition=0) is None
    await worker.close()


async def test_a_worker_goes_on_after_its_broker_was_restarted(make_settings: MakeSettings) -> None:
    with kafka_broker.running("papers") as broker:
        settings = make_settings(broker_url=broker.url, claim_after_s=3, source="papers")
        worker = await opened(settings)
        await send(broker, b"before")
        [delivery] = await read(worker, 1)
        await worker.settle([answer(delivery)])

        await asyncio.to_thread(broker.restart)
        await send(broker, b"after")

        [delivery] = await read(worker, 1)
        assert delivery.payload == b"after"
        assert await worker.settle([answer(delivery)]) == [True]
        await worker.close()


async def test_lag_and_pending_are_of_the_partitions_that_the_worker_has(
    worker: Kafka, settings: WorkerSettings, producer: Any
) -> None:
    for number in range(5):
        await producer.send_and_wait(settings.source, b"%d" % number, partition=0)
    await producer.send_and_wait(settings.source, b"other", partition=1)
    deliveries = [delivery for delivery in await read(worker, 6) if delivery.payload != b"other"]
    await worker.settle([answer(deliveries[0])])

    backlog = await worker.backlog()

    names = [f"{settings.source}-{partition}" for partition in range(PARTITIONS)]
    assert backlog.pending == {names[0]: 4, names[1]: 1, names[2]: 0, names[3]: 0}
    assert (backlog.lag[names[0]], backlog.lag[names[1]]) == (0, 0)


async def test_a_broker_that_is_not_there_is_unavailable(make_settings: MakeSettings) -> None:
    with pytest.raises(BrokerUnavailable):
        await Kafka(make_settings(broker_url="kafka://127.0.0.1:1")).open()
