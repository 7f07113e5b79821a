"""How much a key may use: requests and tokens in sliding windows, counted here or in a Redis of all replicas."""

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from serve.errors import InvalidRequest, QuotaExceeded
from serve.keys.key import Key
from serve.logs import log

NAMESPACE = "pubserve:quota"
REDIS_TIMEOUT_S = 0.25
REDIS_PAUSE_S = 5.0
"""After a failure of Redis each replica counts by itself for so long: a quota is no reason to stop serving."""

Unit = Literal["requests", "tokens"]
Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Window:
    """How one limit of a key stands."""

    unit: Unit
    limit: int
    remaining: int
    reset_s: float
    """Until all of it is there again, if nothing is used meanwhile."""


class Quotas:
    """Counts what keys use."""

    def __init__(self, redis_url: str | None = None) -> None:
        self._here = _Counter(MemoryStorage())
        self._shared = _Counter(_redis(redis_url)) if redis_url else None
        self._paused_until_s = 0.0

    async def spend(self, key: Key, unit: Unit, amount: int) -> Window | None:
        """Take `amount` from a key's quota. Answers how its shortest limit stands then, None where it has none.

        Raises:
            QuotaExceeded: it is used up, and comes back with time.
            InvalidRequest: it will never do for so much.
        """
        limits = _limits(key, unit)
        for limit in limits:
            if amount > limit.amount:
                raise InvalidRequest(
                    f"This request is worth {amount} {unit}, and the API key {key.id} has {_words(limit, unit)}; "
                    "split it over several.",
                    code="request_over_quota",
                )
        # The shortest first: what it refuses has used nothing of the others.
        for limit in limits:
            wait_s = await self._counted(partial(_Counter.hit, limit=limit, key_id=key.id, unit=unit, amount=amount))
            if wait_s is not None:
                raise QuotaExceeded(
                    f"The API key {key.id} has {_words(limit, unit)}, and they are used; retry after the time in "
                    "Retry-After, or ask whoever runs this service for more.",
                    retry_after_s=max(1, math.ceil(wait_s)),
                )
        if not limits:
            return None
        return await self._counted(partial(_Counter.window, limit=limits[0], key_id=key.id, unit=unit))

    async def _counted(self, count: Callable[["_Counter"], Awaitable[Outcome]]) -> Outcome:
        """In Redis; where there is none, or it does not answer, here."""
        from redis.exceptions import RedisError

        if self._shared is not None and time.monotonic() >= self._paused_until_s:
            try:
                return await count(self._shared)
            except (RedisError, OSError) as error:
                self._paused_until_s = time.monotonic() + REDIS_PAUSE_S
                log.warning("quotas_counted_here", reason=type(error).__name__, pause_s=REDIS_PAUSE_S)
        return await count(self._here)


class _Counter:
    """Sliding windows in one storage."""

    def __init__(self, storage: MemoryStorage | RedisStorage) -> None:
        self._storage = storage
        self._limiter = SlidingWindowCounterRateLimiter(storage)

    async def hit(self, limit: RateLimitItem, key_id: str, unit: Unit, amount: int) -> float | None:
        """Count `amount`, or say how long it is until there is room for it."""
        if await self._limiter.hit(limit, key_id, unit, cost=amount):
            return None
        used = await self._used(limit, key_id, unit)
        return used.seconds_until(limit.amount - amount)

    async def window(self, limit: RateLimitItem, key_id: str, unit: Unit) -> Window:
        used = await self._used(limit, key_id, unit)
        return Window(unit, limit.amount, max(0, limit.amount - used.now), used.seconds_until(0))

    async def _used(self, limit: RateLimitItem, key_id: str, unit: Unit) -> "_Used":
        length_s = limit.get_expiry()
        window = await self._storage.get_sliding_window(limit.key_for(key_id, unit), length_s)
        return _Used(length_s, *window)


@dataclass(frozen=True, slots=True)
class _Used:
    """What was used in the window that runs and in the one before it, of which less counts with every second."""

    length_s: float
    previous: int
    previous_expires_s: float
    current: int
    current_expires_s: float
    """From the end of the next window on: it counts for one more, as the previous one does now."""

    @property
    def now(self) -> int:
        return math.floor(self.previous * self.previous_expires_s / self.length_s) + self.current

    def seconds_until(self, level: int) -> float:
        """How long it takes until no more than `level` counts as used."""
        if self.now <= level:
            return 0.0
        if self.current <= level:
            return self.previous_expires_s - self.length_s * (level - self.current) / self.previous
        # The window that runs has to end first, and then to fade.
        return self.current_expires_s - self.length_s * level / self.current


def _limits(key: Key, unit: Unit) -> list[RateLimitItem]:
    quota = key.quota
    if unit == "requests":
        return [RateLimitItemPerMinute(quota.requests_per_minute, 1, NAMESPACE)] if quota.requests_per_minute else []
    minute = [RateLimitItemPerMinute(quota.tokens_per_minute, 1, NAMESPACE)] if quota.tokens_per_minute else []
    day = [RateLimitItemPerDay(quota.tokens_per_day, 1, NAMESPACE)] if quota.tokens_per_day else []
    return [*minute, *day]


def _words(limit: RateLimitItem, unit: Unit) -> str:
    return f"{limit.amount} {unit} a {limit.GRANULARITY.name}"


def _redis(url: str) -> RedisStorage:
    return RedisStorage(
        f"async+{url}",
        implementation="redispy",
        socket_timeout=REDIS_TIMEOUT_S,
        socket_connect_timeout=REDIS_TIMEOUT_S,
    )
