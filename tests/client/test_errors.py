"""Errors: which status raises which, and what each one tells."""

import pickle
from typing import Any

import httpx
import pytest

import pubserve

pytestmark = pytest.mark.anyio

STATUSES = [
    (400, pubserve.BadRequest, False),
    (401, pubserve.Unauthorized, False),
    (403, pubserve.Forbidden, False),
    (404, pubserve.NotFound, False),
    (405, pubserve.APIStatusError, False),
    (413, pubserve.PayloadTooLarge, False),
    (422, pubserve.InvalidRequest, False),
    (429, pubserve.RateLimited, True),
    (500, pubserve.ServerError, False),
    (502, pubserve.ServerError, False),
    (503, pubserve.Overloaded, True),
    (504, pubserve.DeadlineExceeded, False),
    (307, pubserve.APIStatusError, False),
]


@pytest.mark.parametrize(("status", "error_class", "retryable"), STATUSES)
async def test_every_status_raises_its_own_error(
    status: int, error_class: type, retryable: bool, new_client: Any, service: Any, settle: Any
) -> None:
    service.replies(service.refusal(status, message="no room", param="papers[3]", headers={"x-request-id": "r-1"}))
    client = new_client(retries=pubserve.Retries(attempts=1))

    with pytest.raises(pubserve.APIStatusError) as caught:
        await settle(client.analyze([{"id": "1"}]))

    error = caught.value
    assert type(error) is error_class
    assert (error.status_code, error.retryable, error.request_id) == (status, retryable, "r-1")
    assert error.body == pubserve.ErrorBody(message="no room", type="invalid_request_error", param="papers[3]")
    assert error.message == f"{status}: no room (at papers[3])"


@pytest.mark.parametrize(("status", "error_class", "retryable"), STATUSES)
async def test_a_stream_raises_the_same_errors(
    status: int, error_class: type, retryable: bool, new_client: Any, service: Any, collect: Any
) -> None:
    body = service.body(service.refusal(status, message="no room").content)
    service.replies(httpx.Response(status, stream=body))
    client = new_client(retries=pubserve.Retries(attempts=1))

    with pytest.raises(pubserve.APIStatusError) as caught:
        await collect(client.analyze_stream([{"id": "1"}]))

    assert type(caught.value) is error_class
    assert (caught.value.status_code, caught.value.retryable) == (status, retryable)
    assert caught.value.message == f"{status}: no room"
    assert body.closed


async def test_an_error_page_of_a_proxy_is_quoted_in_short(client: Any, service: Any, settle: Any) -> None:
    service.replies(httpx.Response(502, html="<h1>Bad\n   gateway</h1>" + "x" * 10_000))

    with pytest.raises(pubserve.ServerError) as caught:
        await settle(client.analyze([{"id": "1"}]))

    assert caught.value.body is None
    assert caught.value.message.startswith("502: <h1>Bad gateway</h1>")
    assert len(caught.value.message) < 300


async def test_without_an_id_from_the_service_the_error_carries_the_one_sent(
    client: Any, service: Any, settle: Any
) -> None:
    service.replies(httpx.Response(500))

    with pytest.raises(pubserve.ServerError) as caught:
        await settle(client.analyze([{"id": "1"}], request_id="mine"))

    assert caught.value.request_id == "mine"
    assert caught.value.message == "500: Internal Server Error"


@pytest.mark.parametrize(
    ("failure", "error_class"),
    [
        (httpx.ConnectError("refused"), pubserve.ConnectionFailed),
        (httpx.ConnectTimeout("slow"), pubserve.ConnectionFailed),
        (httpx.ReadError(""), pubserve.ConnectionFailed),
        (httpx.RemoteProtocolError("cut"), pubserve.ConnectionFailed),
        (httpx.ReadTimeout("silent"), pubserve.RequestTimedOut),
        (httpx.WriteTimeout("stuck"), pubserve.RequestTimedOut),
        (httpx.PoolTimeout("crowded"), pubserve.RequestTimedOut),
        (httpx.DecodingError("not gzip"), pubserve.InvalidResponse),
    ],
)
async def test_failures_of_the_network_are_errors_of_this_package(
    failure: Exception, error_class: type, new_client: Any, service: Any, settle: Any
) -> None:
    service.replies(failure)
    client = new_client(retries=pubserve.Retries(attempts=1))

    with pytest.raises(pubserve.PubserveError) as caught:
        await settle(client.analyze([{"id": "1"}], request_id="mine"))

    assert type(caught.value) is error_class
    assert caught.value.retryable is (error_class is pubserve.ConnectionFailed)
    assert caught.value.request_id == "mine"
    assert caught.value.__cause__ is failure


def test_an_error_reads_as_what_happened_what_to_do_and_what_to_quote() -> None:
    error = pubserve.Unauthorized("401: no key", status_code=401, request_id="r-1")

    assert str(error) == "401: no key. Hint: pass api_key, or set PUBSERVE_API_KEY. (request r-1)"


def test_a_hint_of_its_own_replaces_the_usual_one() -> None:
    assert pubserve.ConnectionFailed("cut", hint="try the other host.").hint == "try the other host."


def test_an_error_without_hint_or_request_reads_as_its_message() -> None:
    assert str(pubserve.PubserveError("odd")) == "odd"


def test_errors_survive_the_way_between_processes() -> None:
    body = pubserve.ErrorBody(message="slow down", type="rate_limit_error")
    sent = pubserve.RateLimited("429: slow down", status_code=429, body=body, retry_after_s=1.5, request_id="r-1")

    received = pickle.loads(pickle.dumps(sent))

    assert type(received) is pubserve.RateLimited
    assert str(received) == str(sent)
    assert vars(received) == vars(sent)


def test_an_invalid_argument_is_a_value_error_too() -> None:
    assert issubclass(pubserve.InvalidArgument, ValueError)
