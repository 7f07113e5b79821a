"""What a key may use: counted in memory or in a real Redis, refused with an honest time to come back."""

import time

import pytest

from serve.errors import InvalidRequest, QuotaExceeded
from serve.keys.key import Key, Quota
from serve.keys.quotas import Quotas, _Used

from .conftest import MakeKey

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "redis"])
def quotas(request: pytest.FixtureRequest) -> Quotas:
    return Quotas(request.getfixturevalue("redis_url") if request.param == "redis" else None)


@pytest.fixture
def key(make_key: MakeKey) -> Key:
    return make_key(quota=Quota(requests_per_minute=3, tokens_per_minute=100, tokens_per_day=150))[1]


async def test_a_quota_is_spent_and_then_refused(quotas: Quotas, key: Key) -> None:
    windows = [await quotas.spend(key, "requests", 1) for _ in range(3)]

    assert [window and (window.limit, window.remaining) for window in windows] == [(3, 2), (3, 1), (3, 0)]
    with pytest.raises(QuotaExceeded, match="3 requests a minute") as caught:
        await quotas.spend(key, "requests", 1)
    assert caught.value.status == 429
    assert caught.value.code == "rate_limit_exceeded"
    assert 1 <= (caught.value.retry_after_s or 0) <= 120


async def test_what_was_refused_is_not_counted(quotas: Quotas, key: Key) -> None:
    await quotas.spend(key, "tokens", 60)
    with pytest.raises(QuotaExceeded, match="100 tokens a minute"):
        await quotas.spend(key, "tokens", 41)

    window = await quotas.spend(key, "tokens", 40)

    assert window is not None
    assert window.remaining == 0


async def test_the_day_has_a_limit_of_its_own(quotas: Quotas, make_key: MakeKey) -> None:
    _, key = make_key(quota=Quota(tokens_per_minute=100, tokens_per_day=120))
    await quotas.spend(key, "tokens", 90)

    with pytest.raises(QuotaExceeded, match="100 tokens a minute"):
        await quotas.spend(key, "tokens", 60)

    _, daily = make_key(quota=Quota(tokens_per_day=120))
    await quotas.spend(daily, "tokens", 90)
    with pytest.raises(QuotaExceeded, match="120 tokens a day") as caught:
        await quotas.spend(daily, "tokens", 60)
    assert (caught.value.retry_after_s or 0) > 60


async def test_requests_and_tokens_and_keys_are_counted_apart(quotas: Quotas, key: Key, make_key: MakeKey) -> None:
    _, other = make_key(quota=key.quota)
    await quotas.spend(key, "tokens", 100)

    assert await quotas.spend(key, "requests", 1)
    assert await quotas.spend(other, "tokens", 100)


async def test_a_key_without_a_quota_is_not_counted(quotas: Quotas, make_key: MakeKey) -> None:
    assert await quotas.spend(make_key()[1], "tokens", 10**9) is None


async def test_what_no_time_will_allow_is_an_error_of_the_request(quotas: Quotas, key: Key) -> None:
    with pytest.raises(InvalidRequest, match=r"worth 101 tokens.*100 tokens a minute; split it") as caught:
        await quotas.spend(key, "tokens", 101)

    assert caught.value.code == "request_over_quota"
    assert caught.value.retry_after_s is None


async def test_replicas_that_share_a_redis_share_a_quota(redis_url: str, key: Key) -> None:
    for _ in range(3):
        await Quotas(redis_url).spend(key, "requests", 1)

    with pytest.raises(QuotaExceeded):
        await Quotas(redis_url).spend(key, "requests", 1)


async def test_without_redis_each_replica_counts_by_itself(key: Key, capsys: pytest.CaptureFixture[str]) -> None:
    quotas = Quotas("redis://127.0.0.1:1/0")

    for _ in range(3):
        await quotas.spend(key, "requests", 1)

    with pytest.raises(QuotaExceeded):
        await quotas.spend(key, "requests", 1)
    assert capsys.readouterr().err.count("quotas_counted_here") == 1


@pytest.mark.parametrize(
    ("used", "level", "wait_s"),
    [
        (_Used(60, previous=0, previous_expires_s=0, current=5, current_expires_s=100), 5, 0),
        # Half of the previous window counts: 50. In 12 seconds it will be 30.
        (_Used(60, previous=100, previous_expires_s=30, current=0, current_expires_s=90), 30, 12),
        # 40 seconds until this window ends, and 30 more until half of it has faded.
        (_Used(60, previous=0, previous_expires_s=0, current=100, current_expires_s=100), 50, 70),
        (_Used(60, previous=0, previous_expires_s=0, current=100, current_expires_s=100), 0, 100),
    ],
)
def test_the_time_to_come_back_is_when_enough_has_faded(used: _Used, level: int, wait_s: float) -> None:
    assert used.seconds_until(level) == pytest.approx(wait_s)


async def test_who_comes_back_in_time_is_let_in(make_key: MakeKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory, where the clock is ours to move."""
    quotas = Quotas()
    _, key = make_key(quota=Quota(tokens_per_minute=100))
    now_s = 1_800_000_000.0
    monkeypatch.setattr(time, "time", lambda: now_s)
    await quotas.spend(key, "tokens", 80)
    with pytest.raises(QuotaExceeded) as caught:
        await quotas.spend(key, "tokens", 50)

    now_s += (caught.value.retry_after_s or 0) - 2
    with pytest.raises(QuotaExceeded):
        await quotas.spend(key, "tokens", 50)
    now_s += 2

    assert await quotas.spend(key, "tokens", 50)


@pytest.mark.parametrize("jump_s", [3600, -3600])
async def test_a_clock_that_jumps_opens_a_new_window_and_locks_nobody_out(
    jump_s: int, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas, right = Quotas(), time.time
    for _ in range(3):
        await quotas.spend(key, "requests", 1)

    monkeypatch.setattr(time, "time", lambda: right() + jump_s)

    window = await quotas.spend(key, "requests", 1)
    assert window is not None
    assert window.remaining == 2
    assert window.reset_s <= 120
