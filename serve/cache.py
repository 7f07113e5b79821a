"""Where readings are remembered: in this process, or in a Redis that all ingress replicas share."""

import time
from collections.abc import Sequence
from typing import Any, Protocol

from cachetools import LRUCache

from serve.logs import log
from serve.settings import CacheSettings

KEY_PREFIX = "pubserve:reading:"
REDIS_TIMEOUT_S = 0.25
REDIS_PAUSE_S = 5.0
"""After a failure Redis is left alone that long: a cache that does not answer must not slow what it was to speed up."""


class Cache(Protocol):
    """Bytes by key. What is not there, or cannot be had, is None; nothing here raises."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]: ...
    async def put(self, key: str, value: bytes) -> None: ...


def cache_of(settings: CacheSettings) -> Cache:
    """The cache that the settings name."""
    if settings.redis_url is not None:
        return RedisCache(settings.redis_url, ttl_s=settings.redis_ttl_s)
    return MemoryCache(max_bytes=settings.memory_mb * 2**20)


class MemoryCache:
    """The most recently used, up to a size."""

    def __init__(self, *, max_bytes: int) -> None:
        self._values: LRUCache[str, bytes] = LRUCache(max_bytes, getsizeof=len)

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        return [self._values.get(key) for key in keys]

    async def put(self, key: str, value: bytes) -> None:
        if len(value) <= self._values.maxsize:
            self._values[key] = value


class RedisCache:
    """Shared by all replicas and kept over restarts. Without Redis there are no hits, and the service goes on."""

    def __init__(self, url: str, *, ttl_s: int) -> None:
        from redis.asyncio import Redis

        self._redis: Any = Redis.from_url(url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S)
        self._ttl_s = ttl_s
        self._paused_until_s = 0.0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        found = await self._unless_down(lambda: self._redis.mget([KEY_PREFIX + key for key in keys])) if keys else []
        return [None] * len(keys) if found is None else found

    async def put(self, key: str, value: bytes) -> None:
        await self._unless_down(lambda: self._redis.set(KEY_PREFIX + key, value, ex=self._ttl_s))

    async def _unless_down(self, command: Any) -> Any:
        from redis.exceptions import RedisError

        if time.monotonic() < self._paused_until_s:
            return None
        try:
            return await command()
        except (RedisError, OSError) as error:
            self._paused_until_s = time.monotonic() + REDIS_PAUSE_S
            log.warning("cache_unavailable", reason=type(error).__name__, pause_s=REDIS_PAUSE_S)
            return None
