"""Kafka: a consumer group that commits what is settled without a gap, and answers under a key of their content.

A worker that dies between an answer and its commit leaves the message to another, which answers it again: under the
same key, so a compacted topic or a reader that takes the last of a key has it once. Transactions would not do better
here: a worker that lost its partition unnoticed is not fenced off by them.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from aiokafka import (  # type: ignore[import-untyped]
    AIOKafkaConsumer,
    AIOKafkaProducer,
    ConsumerRebalanceListener,
    TopicPartition,
)
from aiokafka.errors import (  # type: ignore[import-untyped]
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    CommitFailedError,
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaError,
    MessageSizeTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from serve.logs import log
from streams.broker import Backlog, BrokerRefused, BrokerUnavailable
from streams.messages import Answer, DeadLetter, Delivery, Reason, Settled
from streams.offsets import Offsets
from streams.settings import WorkerSettings

DEFAULT_PORT = 9092
METADATA_MAX_AGE_MS = 30_000
"""A topic or a partition that is made later is noticed after that."""
_TURNS_PER_CLAIM_TIME = 3
"""How often within `claim_after_s` a worker says that it lives."""
_ANSWER_GROWTH = 4
"""An answer may be so many times as large as the largest message; the topic has its own limit."""
_NO_POLL_LIMIT_MS = 7 * 24 * 3_600_000
"""A worker that waits for the service reads nothing, and is still in the group."""
_REFUSALS = (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    GroupAuthorizationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)


class Place(NamedTuple):
    """Where a message stands."""

    partition: TopicPartition
    offset: int

    def __str__(self) -> str:
        return f"{self.partition.topic}-{self.partition.partition}-{self.offset}"


class Kafka:
    """Values are papers; answers have the hash of their paper as key.

    A dead letter has the value of its message, its place as key, and headers `dead_*`. Kafka counts no deliveries.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._offsets = Offsets()
        self._idle = asyncio.Event()
        self._idle.set()
        self._consumer: Any = None
        self._producer: Any = None

    async def open(self) -> None:
        settings = self._settings
        connection = connection_of(settings)
        producer = AIOKafkaProducer(
            **connection, acks="all", max_request_size=max(2**20, settings.max_message_bytes * _ANSWER_GROWTH)
        )
        consumer = AIOKafkaConsumer(
            **connection,
            group_id=settings.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=round(settings.claim_after_s * 1000),
            heartbeat_interval_ms=round(settings.claim_after_s * 1000 / _TURNS_PER_CLAIM_TIME),
            max_poll_interval_ms=_NO_POLL_LIMIT_MS,
        )
        consumer.subscribe([settings.source], listener=_Rebalance(self))
        try:
            with _refusals():
                await producer.start()
                await consumer.start()
        except BaseException:
            await _stop(producer, consumer)
            raise
        self._producer, self._consumer = producer, consumer

    async def close(self) -> None:
        if self._consumer is not None:
            with _refusals():
                await self._commit()
                await _stop(self._consumer, self._producer)

    async def read(self, limit: int, wait_s: float) -> list[Delivery]:
        with _refusals():
            await self._commit()
            found = await self._consumer.getmany(timeout_ms=round(wait_s * 1000), max_records=limit)
        deliveries = []
        if found:
            self._idle.clear()
        for partition, records in found.items():
            for record in records:
                self._offsets.begin(partition, record.offset)
                deliveries.append(Delivery(Place(partition, record.offset), record.value))
        return deliveries

    async def settle(self, settled: Sequence[Settled]) -> list[bool]:
        with _refusals():
            await asyncio.gather(*map(self._write, settled))
            for item in settled:
                self._end(item.delivery)
            if not self._offsets.in_work:
                self._idle.set()
            await self._commit()
        return [True] * len(settled)

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """What is not committed is read again by whoever gets the partition."""

    async def backlog(self) -> Backlog:
        lag: dict[str, int] = {}
        pending: dict[str, int] = {}
        with _refusals():
            for partition in self._consumer.assignment():
                name = f"{partition.topic}-{partition.partition}"
                pending[name] = self._offsets.in_work_of(partition)
                end = self._consumer.highwater(partition)
                if end is not None:
                    lag[name] = max(0, end - await self._consumer.position(partition))
        return Backlog(lag, pending)

    async def let_go(self, partitions: Sequence[TopicPartition]) -> None:
        """Before partitions are taken away: what is at the service may be done in time, and need not be done again."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), self._settings.claim_after_s / _TURNS_PER_CLAIM_TIME)
        await self._commit()
        self._offsets.forget(partitions)
        if not self._offsets.in_work:
            self._idle.set()

    def _end(self, delivery: Delivery) -> None:
        assert isinstance(delivery.place, Place)
        self._offsets.end(delivery.place.partition, delivery.place.offset)

    async def _write(self, item: Settled) -> None:
        try:
            await self._send(item)
        except MessageSizeTooLargeError:
            # The payload stays where it is, at the place that the key names.
            reason, detail = (
                (item.reason, item.detail)
                if isinstance(item, DeadLetter)
                else (Reason.FAILED, f"the answer has {len(item.value):,} bytes, more than the topic takes")
            )
            bare = Delivery(item.delivery.place, None)
            await self._send(DeadLetter(bare, reason, f"{detail}; the payload is left at its place"))

    async def _send(self, item: Settled) -> None:
        if isinstance(item, Answer):
            topic, key, value, headers = self._settings.output, item.key, item.value, []
        else:
            topic, key, value = self._settings.dead_letters, str(item.delivery.place), item.delivery.payload or b""
            headers = [("dead_reason", item.reason.encode()), ("dead_detail", item.detail.encode())]
        await self._producer.send_and_wait(topic, value, key=key.encode(), headers=headers)

    async def _commit(self) -> None:
        """What can be committed. What cannot be now is, with what comes later."""
        if not (offsets := self._offsets.committable()):
            return
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError):
            # Some of the partitions are somebody else's, who answers these messages again, under the same keys.
            self._offsets.forget(set(offsets) - self._consumer.assignment())
        except _REFUSALS:
            raise
        except KafkaError as error:
            log.warning("offsets_not_committed", reason=type(error).__name__)
        else:
            self._offsets.committed(offsets)


class _Rebalance(ConsumerRebalanceListener):
    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        await self._kafka.let_go(list(revoked))

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        log.info("partitions_assigned", count=len(assigned))


def connection_of(settings: WorkerSettings) -> dict[str, Any]:
    """The URL in the words of aiokafka: `kafka://user:password@host:9092,host`, with TLS `kafka+ssl://`."""
    scheme, _, rest = settings.broker_url.partition("://")
    login, _, hosts = rest.rstrip("/").rpartition("@")
    secure = scheme == "kafka+ssl"
    servers = [host if urlsplit(f"//{host}").port else f"{host}:{DEFAULT_PORT}" for host in hosts.split(",")]
    connection: dict[str, Any] = {
        "bootstrap_servers": servers,
        "client_id": settings.name,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
        "security_protocol": f"{'SASL_' if login else ''}{'SSL' if secure else 'PLAINTEXT'}",
    }
    if secure:
        connection["ssl_context"] = ssl.create_default_context()
    if login:
        user, _, password = login.partition(":")
        connection |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": unquote(user),
            "sasl_plain_password": unquote(password),
        }
    return connection


async def _stop(*clients: Any) -> None:
    for client in clients:
        await client.stop()


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Raises Kafka's errors as a broker's."""
    try:
        yield
    except _REFUSALS as error:
        raise BrokerRefused(f"Kafka: {type(error).__name__}: user, password or rights are wrong") from error
    except (KafkaError, OSError) as error:
        raise BrokerUnavailable(type(error).__name__) from error
