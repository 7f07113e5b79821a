"""Redis Streams: a consumer group whose answers are written in one transaction with their acknowledgement."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from serve.logs import log
from streams import redis_scripts as scripts
from streams.broker import Backlog, BrokerRefused, BrokerUnavailable
from streams.messages import PAPER_FIELD, Answer, DeadLetter, Delivery, Settled
from streams.settings import WorkerSettings

FIELD = PAPER_FIELD.encode()
RETURNED = "returned"
"""Consumer that holds what was given back until somebody claims it; no worker is called so."""
FORGET_AFTER_S = 3600.0
"""A consumer without messages that was silent for so long will not come back."""
SOCKET_TIMEOUT_S = 10.0
_TURNS_PER_CLAIM_TIME = 3
"""How often within `claim_after_s` a worker says that it lives, and looks for messages of those that do not."""
_ALL_SEEN = b"0-0"
_PASSING = (BusyLoadingError, OutOfMemoryError, ReadOnlyError)
_PASSING_PREFIXES = ("MASTERDOWN", "MISCONF", "NOREPLICAS", "TRYAGAIN", "UNBLOCKED")


class RedisStreams:
    """Entries have a field `paper` with its JSON; answers have `input_hash` and `analysis`.

    A dead letter has all fields of its entry, and `dead_*` beside them.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._redis: Any = Redis.from_url(settings.broker_url, socket_timeout=SOCKET_TIMEOUT_S)
        self._held: set[str] = set()
        self._turn_s = settings.claim_after_s / _TURNS_PER_CLAIM_TIME
        self._next_claim_s = 0.0
        self._claimed_to = _ALL_SEEN
        self._keeping: asyncio.Task[None] | None = None

    async def open(self) -> None:
        with _refusals():
            await self._join()
        self._keeping = asyncio.create_task(self._keep())

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
        try:
            with _refusals():
                await self._eval(scripts.LEAVE, self._settings.name)
        finally:
            await self._redis.aclose()

    async def read(self, limit: int, wait_s: float) -> list[Delivery]:
        settings = self._settings
        with _refusals():
            if time.monotonic() >= self._next_claim_s and (claimed := await self._claim(limit)):
                return claimed
            reply = await self._unless_gone(
                self._redis.xreadgroup(
                    settings.group,
                    settings.name,
                    {settings.source: ">"},
                    count=limit,
                    block=max(1, round(wait_s * 1000)),  # 0 would be for ever
                )
            )
        entries = [entry for _, entries in reply or () for entry in entries]
        return [self._hold(id, fields, 1) for id, fields in entries]

    async def settle(self, settled: Sequence[Settled]) -> list[bool]:
        with _refusals():
            written = await self._each(
                self._answer(item) if isinstance(item, Answer) else self._dead_letter(item) for item in settled
            )
        self._held.difference_update(item.delivery.place for item in settled)
        return [result == scripts.WRITTEN for result in written]

    async def give_back(self, deliveries: Sequence[Delivery]) -> None:
        settings = self._settings
        idle_ms = round(settings.claim_after_s * 1000)
        with _refusals():
            await self._each(
                (scripts.GIVE_BACK, [settings.source], [*self._us(item.place), RETURNED, idle_ms, item.count - 1])
                for item in deliveries
            )
        self._held.difference_update(item.place for item in deliveries)

    async def backlog(self) -> Backlog:
        with _refusals():
            groups = await self._unless_gone(self._redis.xinfo_groups(self._settings.source))
        for group in groups or ():
            if group["name"] in (self._settings.group, self._settings.group.encode()):
                stream, lag = self._settings.source, group.get("lag")
                return Backlog({} if lag is None else {stream: lag}, {stream: group["pending"]})
        return Backlog()

    async def _join(self) -> None:
        try:
            await self._redis.xgroup_create(self._settings.source, self._settings.group, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    async def _unless_gone(self, reply: Awaitable[Any]) -> Any:
        """The reply, or None if the stream was deleted or Redis came back without it; then it is joined anew."""
        try:
            return await reply
        except ResponseError as error:
            if not str(error).startswith(("NOGROUP", "no such key")):
                raise
        await self._join()
        return None

    async def _claim(self, limit: int) -> list[Delivery]:
        """Some messages of workers that are silent. Redis looks at a part of what is pending at a time."""
        settings = self._settings
        idle_ms = round(settings.claim_after_s * 1000)
        self._claimed_to, entries, deleted = await self._unless_gone(
            self._redis.xautoclaim(
                settings.source, settings.group, settings.name, idle_ms, start_id=self._claimed_to, count=limit
            )
        ) or (_ALL_SEEN, [], [])
        if self._claimed_to == _ALL_SEEN:
            self._next_claim_s = time.monotonic() + self._turn_s
            await self._eval(scripts.FORGET, round(FORGET_AFTER_S * 1000))
        if deleted:
            log.warning("messages_deleted", count=len(deleted), reason="trimmed from the source before they were read")
        fresh = [(id, fields) for id, fields in entries if id.decode() not in self._held]
        if not fresh:
            return []
        async with self._redis.pipeline(transaction=False) as pipe:
            for id, _ in fresh:
                pipe.xpending_range(settings.source, settings.group, min=id, max=id, count=1)
            pending = await pipe.execute()
        log.info("messages_claimed", count=len(fresh))
        return [
            self._hold(id, fields, found[0]["times_delivered"] if found else 1)
            for (id, fields), found in zip(fresh, pending, strict=True)
        ]

    def _hold(self, id: bytes, fields: dict[bytes, bytes], count: int) -> Delivery:
        place = id.decode()
        self._held.add(place)
        return Delivery(place, fields.get(FIELD), count)

    async def _keep(self) -> None:
        """Say from time to time that what was read is in work, however long that takes."""
        while True:
            await asyncio.sleep(self._turn_s)
            held = list(self._held)
            try:
                if held:
                    await self._eval(scripts.KEEP, self._settings.name, *held)
            except (RedisError, OSError) as error:
                log.warning("messages_not_kept", count=len(held), reason=type(error).__name__)

    def _answer(self, answer: Answer) -> tuple[str, list[str], list[Any]]:
        settings = self._settings
        keys = [settings.source, settings.output, f"{settings.output}:answered:{answer.key}"]
        kept_ms, most = settings.remember_s * 1000, settings.output_max_entries or 0
        delete = int(settings.delete_settled)
        entry = [settings.group, answer.delivery.place]
        return scripts.ANSWER, keys, [*entry, answer.key, answer.value, kept_ms, most, delete]

    def _dead_letter(self, letter: DeadLetter) -> tuple[str, list[str], list[Any]]:
        settings = self._settings
        about = [letter.reason.value, letter.detail, letter.delivery.count, int(settings.delete_settled)]
        keys = [settings.source, settings.dead_letters]
        return scripts.DEAD_LETTER, keys, [settings.group, letter.delivery.place, *about]

    def _us(self, place: Any) -> list[Any]:
        return [self._settings.group, self._settings.name, place]

    async def _eval(self, script: str, *arguments: Any) -> Any:
        return await self._redis.eval(script, 1, self._settings.source, self._settings.group, *arguments)

    async def _each(self, calls: Iterator[tuple[str, list[str], list[Any]]]) -> list[Any]:
        """Scripts in one round trip, each a transaction of its own."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for script, keys, arguments in calls:
                pipe.eval(script, len(keys), *keys, *arguments)
            return list(await pipe.execute())


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """Raises Redis's errors as a broker's."""
    try:
        yield
    except AuthenticationError as error:
        raise BrokerRefused(f"Redis refuses the password ({error}); it is part of the URL") from error
    except (RedisConnectionError, RedisTimeoutError, OSError, *_PASSING) as error:
        raise BrokerUnavailable(type(error).__name__) from error
    except ResponseError as error:
        if str(error).startswith(_PASSING_PREFIXES):
            raise BrokerUnavailable(type(error).__name__) from error
        raise BrokerRefused(f"Redis: {error}") from error
