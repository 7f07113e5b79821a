"""Where readings are remembered: bounded in memory, shared in Redis, and never in the way."""

import asyncio
from collections.abc import Iterator

import pytest

from serve.cache import Cache, MemoryCache, RedisCache, cache_of
from serve.settings import CacheSettings
from tests.redis_server import running

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture(params=["memory", "redis"])
def cache(request: pytest.FixtureRequest) -> Cache:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    return cache_of(CacheSettings(memory_mb=1, redis_url=url, redis_ttl_s=60))


async def test_what_was_put_is_found_and_nothing_else(cache: Cache) -> None:
    await cache.put("a", b"1")
    await cache.put("b", b"2")

    assert await cache.get_many(["b", "unknown", "a"]) == [b"2", None, b"1"]
    assert await cache.get_many([]) == []


async def test_memory_forgets_what_was_not_used_for_longest() -> None:
    cache = MemoryCache(max_bytes=10)
    await cache.put("old", b"12345")
    await cache.put("used", b"12345")
    await cache.get_many(["old"])
    await cache.put("new", b"12345")

    assert await cache.get_many(["old", "used", "new"]) == [b"12345", None, b"12345"]


async def test_what_is_larger_than_the_memory_is_not_kept() -> None:
    cache = MemoryCache(max_bytes=4)
    await cache.put("large", b"12345")

    assert await cache.get_many(["large"]) == [None]


async def test_redis_forgets_after_a_while(redis_url: str) -> None:
    cache = RedisCache(redis_url, ttl_s=1)
    await cache.put("short-lived", b"1")
    assert await cache.get_many(["short-lived"]) == [b"1"]

    await asyncio.sleep(1.2)

    assert await cache.get_many(["short-lived"]) == [None]


async def test_redis_is_shared(redis_url: str) -> None:
    await RedisCache(redis_url, ttl_s=60).put("shared", b"1")

    assert await RedisCache(redis_url, ttl_s=60).get_many(["shared"]) == [b"1"]


async def test_a_redis_that_is_not_there_is_a_cache_without_hits(capsys: pytest.CaptureFixture[str]) -> None:
    cache = RedisCache("redis://127.0.0.1:1/0", ttl_s=60)

    await cache.put("a", b"1")
    assert await cache.get_many(["a", "b"]) == [None, None]

    # Asked once; after that it is left alone for a while.
    assert capsys.readouterr().err.count("cache_unavailable") == 1
