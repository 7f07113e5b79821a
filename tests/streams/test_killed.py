"""Workers killed at random and replaced, the broker restarted half way: each input has one answer or one dead letter.

The counts are printed: `pytest tests/streams/test_killed.py -s`.
"""

import asyncio
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]
from redis import Redis

from tests import redis_server
from tests.redis_server import RedisServer
from tests.streams import kafka_broker
from tests.streams.inputs import MAX_MESSAGE_BYTES, Message, keys, messages, reasons
from tests.streams.kafka_broker import PARTITIONS, KafkaBroker
from tests.streams.processes import Processes, wait_until

WORKERS = 3
SEED = 7
WITHIN_S = 300.0
SETTINGS = {"max_deliveries": 1000, "max_message_bytes": MAX_MESSAGE_BYTES, "backoff_max_s": 1}


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path)
    yield processes
    processes.stop()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server.running(tmp_path, durable=True) as server:
        yield server


@pytest.fixture
def kafka() -> Iterator[KafkaBroker]:
    with kafka_broker.running("papers", "analyses", "papers.dead") as broker:
        yield broker


class Fleet:
    """Workers of one group; a killed one is replaced at once."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._start = start
        self._workers = [start() for _ in range(WORKERS)]
        self._chance = random.Random(SEED)
        self.killed = 0

    def kill_one(self) -> None:
        place = self._chance.randrange(WORKERS)
        self._workers[place].kill()
        self._workers[place].wait()
        self._workers[place] = self._start()
        self.killed += 1


def kill_points(sent: list[Message], kills: int) -> list[int]:
    """After how many settled messages a worker is killed."""
    count = len(keys(sent)) + reasons(sent).total()
    return sorted(random.Random(SEED).sample(range(count // 20, count - count // 20), kills))


def show(broker: str, sent: list[Message], fleet: Fleet, answers: Counter[str], dead: Counter[str]) -> None:
    sys.stdout.write(
        f"\n{broker}: {len(sent)} messages, {len(keys(sent))} papers and {reasons(sent).total()} that cannot be read; "
        f"{fleet.killed} workers killed; {len(answers)} papers answered ({answers.total()} answers written), "
        f"{dead.total()} dead letters: {dict(dead)}\n"
    )


def test_redis_and_its_workers_killed(redis: RedisServer, processes: Processes) -> None:
    sent = messages(5_000, SEED)
    client = Redis.from_url(redis.url)
    for message in sent:
        client.xadd("papers", {"paper": message.payload})
    processes.service()
    fleet = Fleet(lambda: processes.worker(redis.url, claim_after_s=2, **SETTINGS))

    def settled() -> int:
        return int(client.xlen("analyses")) + int(client.xlen("papers.dead"))

    points = kill_points(sent, kills=10)
    for point in points:
        wait_until(lambda: settled() >= point, within_s=WITHIN_S)  # noqa: B023
        fleet.kill_one()
        if point == points[len(points) // 2]:
            redis.kill()
            redis.start()

    def all_settled() -> bool:
        [group] = client.xinfo_groups("papers")
        return bool(group["lag"] == 0 and group["pending"] == 0)

    wait_until(all_settled, within_s=WITHIN_S)
    written: Any = client.xrange("analyses")
    dead: Any = client.xrange("papers.dead")
    answers = Counter(fields[b"input_hash"].decode() for _, fields in written)
    dead_reasons = Counter(fields[b"dead_reason"].decode() for _, fields in dead)

    show("Redis, killed and restarted half way", sent, fleet, answers, dead_reasons)
    assert answers == Counter(keys(sent))
    assert dead_reasons == reasons(sent)
    assert len({fields[b"dead_entry"] for _, fields in dead}) == len(dead)


def test_workers_on_kafka_killed(kafka: KafkaBroker, processes: Processes) -> None:
    sent = messages(2_000, SEED)
    asyncio.run(asyncio.wait_for(_kafka_killed(kafka, processes, sent), WITHIN_S))


async def _kafka_killed(kafka: KafkaBroker, processes: Processes, sent: list[Message]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address) as producer:
        for number, message in enumerate(sent):
            await producer.send_and_wait("papers", message.payload, partition=number % PARTITIONS)
    processes.service()
    # Slow enough to be killed in the middle: a rebalance stops everybody.
    fleet = Fleet(lambda: processes.worker(kafka.url, claim_after_s=6, batch_papers=16, concurrency=2, **SETTINGS))
    points = kill_points(sent, kills=4)
    answers: Counter[str] = Counter()
    dead: dict[str, str] = {}
    async with AIOKafkaConsumer(
        "analyses", "papers.dead", bootstrap_servers=kafka.address, auto_offset_reset="earliest"
    ) as written:
        while len(answers) < len(keys(sent)) or len(dead) < reasons(sent).total():
            found = await written.getmany(timeout_ms=500)
            for record in [record for records in found.values() for record in records]:
                key = record.key.decode()
                if record.topic == "analyses":
                    answers[key] += 1
                else:
                    dead[key] = dict(record.headers)["dead_reason"].decode()
            if points and len(answers) + len(dead) >= points[0]:
                points.pop(0)
                await asyncio.to_thread(fleet.kill_one)

    show("Kafka", sent, fleet, answers, Counter(dead.values()))
    assert not points
    assert answers.keys() == keys(sent)
    assert Counter(dead.values()) == reasons(sent)
