"""Where a client finds its service and its key."""

import re
from typing import Any

import httpx
import pytest

import pubserve

pytestmark = pytest.mark.anyio


async def _asked(client: Any, service: Any, settle: Any) -> httpx.Request:
    await settle(client.analyze([{"id": "1"}]))
    return service.requests[-1]


async def test_the_service_is_on_this_machine_unless_told_otherwise(new_client: Any, service: Any, settle: Any) -> None:
    request = await _asked(new_client(), service, settle)

    assert request.url == "http://127.0.0.1:8000/v1/analyze"
    assert "authorization" not in request.headers


async def test_the_environment_names_service_and_key(
    new_client: Any, service: Any, settle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBSERVE_BASE_URL", "https://reader.example/pubserve/")
    monkeypatch.setenv("PUBSERVE_API_KEY", "from-a-file\n")

    request = await _asked(new_client(), service, settle)

    assert request.url == "https://reader.example/pubserve/v1/analyze"
    assert request.headers["authorization"] == "Bearer from-a-file"


async def test_arguments_win_over_the_environment(
    new_client: Any, service: Any, settle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBSERVE_BASE_URL", "https://one.example")
    monkeypatch.setenv("PUBSERVE_API_KEY", "one")

    request = await _asked(new_client(base_url="https://two.example", api_key="two"), service, settle)

    assert request.url.host == "two.example"
    assert request.headers["authorization"] == "Bearer two"


async def test_an_empty_variable_counts_as_unset(
    new_client: Any, service: Any, settle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBSERVE_BASE_URL", "")
    monkeypatch.setenv("PUBSERVE_API_KEY", "")

    request = await _asked(new_client(), service, settle)

    assert request.url.host == "127.0.0.1"
    assert "authorization" not in request.headers


@pytest.mark.parametrize("base_url", ["127.0.0.1:8000", "ftp://reader.example", "http://", "http://a:x"])
def test_a_base_url_that_cannot_work_is_refused_at_once(new_client: Any, base_url: str) -> None:
    with pytest.raises(pubserve.InvalidArgument, match="base_url") as caught:
        new_client(base_url=base_url)

    assert caught.value.field == "base_url"


@pytest.mark.parametrize("api_key", ["sécret", "se\ncret"])
def test_a_key_that_no_header_can_carry_is_refused_without_repeating_it(new_client: Any, api_key: str) -> None:
    with pytest.raises(pubserve.InvalidArgument, match="api_key may hold printable ASCII") as caught:
        new_client(api_key=api_key)

    assert api_key not in str(caught.value)


def test_a_client_shows_where_the_service_is(new_client: Any) -> None:
    client = new_client(base_url="https://me:s3cret@reader.example")

    assert re.fullmatch(r"(Async)?Client\(URL\('https://me:\[secure\]@reader\.example'\)\)", repr(client))


def test_the_key_shows_in_no_representation(new_client: Any) -> None:
    client = new_client(api_key="s3cret")

    assert "s3cret" not in repr(client) + repr(vars(client))


async def test_a_number_of_seconds_bounds_silence_and_the_connection_is_found_sooner(
    new_client: Any, service: Any, settle: Any
) -> None:
    client = new_client(timeout=90)

    assert (await _asked(client, service, settle)).extensions["timeout"] == {
        "connect": 5.0,
        "read": 90,
        "write": 90,
        "pool": 90,
    }


async def test_one_call_may_have_its_own_timeout(client: Any, service: Any, settle: Any) -> None:
    await settle(client.classify([{"id": "1"}], timeout=2))
    await settle(client.extract([{"id": "1"}], timeout=httpx.Timeout(None)))

    assert [request.extensions["timeout"]["read"] for request in service.requests] == [2, None]


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_is_no_time_is_refused(new_client: Any, timeout: float) -> None:
    with pytest.raises(pubserve.InvalidArgument, match="timeout must be more than 0"):
        new_client(timeout=timeout)
