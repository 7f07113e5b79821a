"""When a call is tried again, and how long it waits first."""

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import pubserve
from pubserve import Retries
from pubserve._retries import parse_retry_after

pytestmark = pytest.mark.anyio

NOW = datetime(2025, 1, 31, 23, 59, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 1.5 ", 1.5),
        ("Sat, 01 Feb 2025 00:00:00 GMT", 30),
        ("Sat, 01 Feb 2025 01:00:00 +0100", 30),
        ("Sat, 01 Feb 2025 00:00:00 -0000", 30),
        ("Fri, 31 Jan 2025 00:00:00 GMT", 0),
        (None, None),
        ("", None),
        ("-3", None),
        ("1e3", None),
        ("nan", None),
        ("9" * 400, None),
        ("soon", None),
        ("Sat, 99 Feb 2025 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, now=NOW) == seconds


@given(st.integers(0, 10**6))
def test_a_retry_after_date_counts_from_now(seconds: int) -> None:
    header = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)

    assert parse_retry_after(header, now=NOW) == seconds


@example("0 FEB 0 0:0:99999999999")
@given(st.text() | st.from_regex(r"\A[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ \S*\Z"))
def test_no_retry_after_whatever_it_holds_gives_a_wait_that_cannot_be_waited(header: str) -> None:
    seconds = parse_retry_after(header, now=NOW)

    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


def test_waits_double_up_to_their_limit() -> None:
    retries = Retries(backoff_initial_s=0.5, backoff_max_s=3, jitter=0)

    assert [retries.wait_s(failed, None) for failed in (1, 2, 3, 4, 5_000)] == [0.5, 1, 2, 3, 3]


@given(st.floats(0, 1), st.integers(1, 10_000), st.none() | st.floats(0, 60))
def test_jitter_shortens_a_wait_but_never_below_what_the_service_asked(
    jitter: float, failed: int, retry_after_s: float | None
) -> None:
    retries = Retries(jitter=jitter)
    longest = Retries(jitter=0).wait_s(failed, None)

    wait_s = retries.wait_s(failed, retry_after_s)

    if retry_after_s is None:
        assert longest * (1 - jitter) <= wait_s <= longest
    else:
        assert retry_after_s <= wait_s <= retry_after_s + longest * jitter


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("attempts", 0),
        ("backoff_initial_s", -1),
        ("backoff_max_s", math.nan),
        ("jitter", 1.1),
        ("retry_after_max_s", -1),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(field: str, value: float) -> None:
    with pytest.raises(pubserve.InvalidArgument, match=f"Retries.{field} must be"):
        Retries(**{field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_refusal_is_retried_after_as_long_as_the_service_asked(
    status: int, client: Any, service: Any, settle: Any, fake_time: Any
) -> None:
    service.replies(service.refusal(status, headers={"retry-after": "7"}), service.analyzed)

    answer = await settle(client.analyze([{"id": "1"}]))

    assert answer.results[0].abstract_id == "1"
    assert fake_time.slept == [7]


async def test_a_retry_after_date_is_honoured(client: Any, service: Any, settle: Any, fake_time: Any) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    service.replies(service.refusal(503, headers={"retry-after": soon}), service.analyzed)

    await settle(client.analyze([{"id": "1"}]))

    assert fake_time.slept == [pytest.approx(29, abs=2)]


async def test_without_retry_after_the_waits_back_off(client: Any, service: Any, settle: Any, fake_time: Any) -> None:
    service.replies(service.refusal(503), httpx.ConnectError("refused"), service.analyzed)

    await settle(client.analyze([{"id": "1"}]))

    assert fake_time.slept == [0.5, 1]


async def test_a_retry_is_the_same_request_under_the_same_id(client: Any, service: Any, settle: Any) -> None:
    service.replies(service.refusal(429), service.analyzed)

    await settle(client.analyze([{"id": "1", "title": "t"}], ["labels"]))

    first, second = service.requests
    assert first.content == second.content
    assert first.headers["x-request-id"] == second.headers["x-request-id"]


async def test_the_last_attempts_error_is_raised(new_client: Any, service: Any, settle: Any, fake_time: Any) -> None:
    service.replies(service.refusal(429), service.refusal(503, headers={"retry-after": "2"}))
    client = new_client(retries=Retries(attempts=4, jitter=0))

    with pytest.raises(pubserve.Overloaded) as caught:
        await settle(client.analyze([{"id": "1"}]))

    assert caught.value.retry_after_s == 2
    assert len(service.requests) == 4
    assert fake_time.slept == [0.5, 2, 2]


async def test_one_attempt_means_no_retry(new_client: Any, service: Any, settle: Any, fake_time: Any) -> None:
    service.replies(httpx.ConnectError("refused"))

    with pytest.raises(pubserve.ConnectionFailed):
        await settle(new_client(retries=Retries(attempts=1)).analyze([{"id": "1"}]))

    assert len(service.requests) == 1
    assert fake_time.slept == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422, 500, 502, 504])
async def test_no_other_status_is_retried(status: int, client: Any, service: Any, settle: Any) -> None:
    service.replies(service.refusal(status, headers={"retry-after": "1"}))

    with pytest.raises(pubserve.APIStatusError):
        await settle(client.analyze([{"id": "1"}]))

    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [500, 502])
async def test_an_error_that_a_proxy_gives_for_a_service_that_died_is_retried(
    status: int, client: Any, service: Any, settle: Any, fake_time: Any
) -> None:
    service.replies(httpx.Response(status, text="Internal Server Error"), service.analyzed)

    answer = await settle(client.analyze([{"id": "1"}]))

    assert [result.abstract_id for result in answer.results] == ["1"]
    assert len(service.requests) == 2


async def test_a_gateway_that_gave_up_waiting_is_not_asked_again(client: Any, service: Any, settle: Any) -> None:
    service.replies(httpx.Response(504, text="Gateway Timeout"))

    with pytest.raises(pubserve.DeadlineExceeded):
        await settle(client.analyze([{"id": "1"}]))

    assert len(service.requests) == 1


async def test_silence_is_not_retried_since_the_service_may_still_be_working(
    client: Any, service: Any, settle: Any
) -> None:
    service.replies(httpx.ReadTimeout("silent"))

    with pytest.raises(pubserve.RequestTimedOut):
        await settle(client.analyze([{"id": "1"}]))

    assert len(service.requests) == 1


async def test_a_wait_longer_than_the_policy_allows_is_left_to_the_caller(
    client: Any, service: Any, settle: Any, fake_time: Any
) -> None:
    service.replies(service.refusal(429, headers={"retry-after": "3600"}))

    with pytest.raises(pubserve.RateLimited) as caught:
        await settle(client.analyze([{"id": "1"}]))

    assert caught.value.retry_after_s == 3600
    assert fake_time.slept == []


async def test_the_deadline_counts_the_waits_between_attempts(
    client: Any, service: Any, settle: Any, fake_time: Any
) -> None:
    service.replies(service.refusal(503, headers={"retry-after": "4"}), service.analyzed)

    await settle(client.analyze([{"id": "1"}], deadline_ms=10_000))

    assert [request.headers["x-request-timeout-ms"] for request in service.requests] == ["10000", "6000"]


async def test_a_wait_past_the_deadline_is_not_begun(client: Any, service: Any, settle: Any, fake_time: Any) -> None:
    service.replies(service.refusal(503, headers={"retry-after": "4"}))

    with pytest.raises(pubserve.Overloaded):
        await settle(client.analyze([{"id": "1"}], deadline_ms=4_000))

    assert fake_time.slept == []
