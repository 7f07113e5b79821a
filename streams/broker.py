"""What a worker needs of a broker. One object reads and writes: an answer and its acknowledgement are one step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from streams.messages import Delivery, Settled
from streams.settings import KAFKA_SCHEMES, WorkerSettings


class BrokerUnavailable(Exception):
    """The broker cannot be reached or cannot serve now; the same call may work later."""


class BrokerRefused(Exception):
    """The broker says no and will go on to: a wrong password, a name that is no stream."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far the group is behind, by partition: of one that several workers name, all of them say the same.

    A stream of Redis is one partition, which every worker sees; one of Kafka is seen by the worker that has it.
    """

    lag: Mapping[str, int] = field(default_factory=dict)
    """Messages that no worker has read, where that is known."""
    pending: Mapping[str, int] = field(default_factory=dict)
    """Messages that are read and not settled."""


class Broker(Protocol):
    """A source of messages and the places where they go.

    Every method raises `BrokerUnavailable` or `BrokerRefused`, and can be called again after the former: what was
    settled already is not settled twice.
    """

    async def open(self) -> None:
        """Connect and join the group, which begins with the oldest message."""

    async def close(self) -> None:
        """Leave the group."""

    async def read(self, limit: int, wait_s: float) -> list[Delivery]:
        """Up to `limit` messages, as soon as there are any; none after about `wait_s` seconds."""

    async def settle(self, settled: Sequence[Settled]) -> list[bool]:
        """Write answers and dead letters, and take their messages off. Returns whether each was written now
        or had been before."""

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Let others have these messages at once."""

    async def backlog(self) -> Backlog:
        """How far the group is behind."""


def broker_of(settings: WorkerSettings) -> Broker:
    """The broker that the settings name."""
    if settings.scheme in KAFKA_SCHEMES:
        from streams.kafka import Kafka

        return Kafka(settings)
    from streams.redis_streams import RedisStreams

    return RedisStreams(settings)
