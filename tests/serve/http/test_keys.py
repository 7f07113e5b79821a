"""API keys at the door: who is let in where, who it is that asks, and how much a key may use."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import httpx2
import openai
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

import pubserve
from pubserve.contract import Paper
from serve.http import create_app
from serve.http.api import create_api
from serve.http.caller import EVERYONE, caller_of
from serve.keys.key import Quota, new_key
from serve.keys.key_file import KeyFileError, changing
from serve.keys.scopes import Scope, scope_of
from serve.service import Service
from serve.settings import KeysSettings, Settings
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

PAPER = {"id": "1", "title": "On asthma", "abstract": "Asthma is no lung cancer."}
CALLS: dict[Scope, tuple[str, str, dict[str, Any] | None]] = {
    Scope.READ: ("POST", "/v1/analyze", {"papers": [PAPER]}),
    Scope.CHAT: ("POST", "/v1/chat/completions", {"model": "pubserve", "messages": [{"role": "user", "content": "x"}]}),
    Scope.ADMIN: ("GET", "/metrics", None),
}

GiveKey = Callable[..., str]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.yaml"
    path.write_text("keys: []")
    return path


@pytest.fixture
def give_key(file: Path) -> GiveKey:
    """A key that the service knows; for reading, unless said otherwise."""

    def give(*scopes: Scope, owner: str = "team", days: int = 1, **quota: int) -> str:
        now = datetime.now(UTC)
        token, key = new_key(
            owner, scopes or (Scope.READ,), created=now, expires=now + timedelta(days=days), quota=Quota(**quota)
        )
        with changing(file) as keys:
            keys.append(key)
        return token

    return give


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.keys.keyring.LOOK_EVERY_S", 0.0)


@pytest.fixture
def service(settings: Settings, models: InstantModels, file: Path) -> Service:
    return Service(settings.model_copy(update={"keys": KeysSettings(file=str(file))}), models)


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def call(http: httpx.AsyncClient, scope: Scope, token: str | None) -> httpx.Response:
    method, path, body = CALLS[scope]
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return await http.request(method, path, json=body, headers=headers)


def test_every_route_has_its_line_in_the_table_of_scopes(service: Service) -> None:
    """A new route that has none is closed to everyone: it is for this test to say so first."""
    for route in create_api(service).routes:
        assert isinstance(route, APIRoute | Route | Mount), "Guard knows nothing of other protocols"
        scope_of(route.path or "/")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/web/js/main.js", "/docs", "/openapi.json"])
async def test_probes_and_pages_need_no_key(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/v1/analyze", "/v1/analyze/stream", "/v1/classify", "/v1/extract", "/predict", "/ExtractDisease"]
)
async def test_reading_needs_a_key_whatever_the_route(http: httpx.AsyncClient, path: str, give_key: GiveKey) -> None:
    body = {"text": "Asthma."} if path[1] in "pE" else {"papers": [PAPER]}

    assert (await http.post(path, json=body)).status_code == 401
    headers = {"authorization": f"Bearer {give_key()}"}
    assert (await http.post(path, json=body, headers=headers)).status_code == 200


@pytest.mark.parametrize("scope", list(CALLS))
async def test_a_key_opens_what_its_scope_is_for_and_nothing_else(
    http: httpx.AsyncClient, scope: Scope, give_key: GiveKey
) -> None:
    token = give_key(scope)

    statuses = {asked: (await call(http, asked, token)).status_code for asked in CALLS}

    assert statuses == {asked: 200 if asked is scope else 403 for asked in CALLS}


async def test_a_missing_key_is_a_401_that_says_what_to_do(http: httpx.AsyncClient) -> None:
    answer = await call(http, Scope.READ, None)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["x-request-id"]
    error = answer.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, "invalid_api_key")
    assert "Authorization: Bearer" in error["message"]
    assert "pubserve keys new" in error["message"]


async def test_a_wrong_key_is_a_401_that_does_not_repeat_it(http: httpx.AsyncClient, give_key: GiveKey) -> None:
    token = give_key()[:-2] + "--"

    answer = await call(http, Scope.READ, token)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert token not in answer.text


@pytest.mark.parametrize("header", ["Basic dTpw", "Bearer", "Bearer  ", "bearer", "ps_0123abcd_x", "Bearer \xff\xfe"])
async def test_other_credentials_are_no_key(http: httpx.AsyncClient, header: str) -> None:
    answer = await http.get("/metrics", headers=[(b"authorization", header.encode("latin-1"))])

    assert answer.status_code == 401


async def test_an_expired_key_is_a_401(http: httpx.AsyncClient, give_key: GiveKey) -> None:
    answer = await call(http, Scope.READ, give_key(days=-1))

    assert answer.status_code == 401
    assert "expired" in answer.json()["error"]["message"]


async def test_a_key_for_something_else_is_a_403_that_names_the_scope(
    http: httpx.AsyncClient, give_key: GiveKey
) -> None:
    answer = await call(http, Scope.CHAT, give_key(Scope.READ))

    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="chat"'
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("permission_error", "insufficient_scope")
    assert "--scope chat" in error["message"]


async def test_what_is_not_there_is_a_404_with_a_key_and_without(http: httpx.AsyncClient, give_key: GiveKey) -> None:
    for headers in ({}, {"authorization": f"Bearer {give_key(*Scope)}"}):
        answer = await http.get("/v1/nothing", headers=headers)

        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["//v1/analyze", "/web/../v1/status", "/web/..%2fv1/status", "/v1/status/", "/./metrics"]
)
async def test_no_spelling_of_a_path_is_a_way_round(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path, follow_redirects=True)

    assert answer.status_code in (401, 404)


async def test_nothing_of_a_body_is_read_for_who_has_no_key(service: Service) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        pytest.fail("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/analyze", "headers": [(b"content-length", b"1000")]}
    await create_app(service)(scope, receive, send)

    assert sent[0]["status"] == 401


async def test_a_key_is_made_and_withdrawn_while_the_service_runs(
    http: httpx.AsyncClient, give_key: GiveKey, file: Path
) -> None:
    first = give_key()
    assert (await call(http, Scope.READ, first)).status_code == 200

    second = give_key()
    assert [(await call(http, Scope.READ, token)).status_code for token in (first, second)] == [200, 200]

    with changing(file) as keys:
        del keys[0]
    assert [(await call(http, Scope.READ, token)).status_code for token in (first, second)] == [401, 200]


async def test_keys_of_one_owner_share_turns(http: httpx.AsyncClient, give_key: GiveKey, models: InstantModels) -> None:
    for token in (give_key(owner="a"), give_key(owner="a"), give_key(owner="b")):
        await call(http, Scope.READ, token)

    assert [turn.caller for turn in models.turns] == ["a", "a", "b"]


def test_without_keys_what_is_kept_is_everyones_and_addresses_share_turns() -> None:
    scope = {"type": "http", "headers": [], "client": ("10.0.0.1", 5000)}

    caller = caller_of(scope)

    assert (caller.owner, caller.share, caller.key_id) == (EVERYONE, "10.0.0.1", None)


async def test_a_quota_of_requests_is_told_and_kept(http: httpx.AsyncClient, give_key: GiveKey) -> None:
    token = give_key(requests_per_minute=2)

    answers = [await call(http, Scope.READ, token) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers.get("x-ratelimit-remaining-requests") for answer in answers] == ["1", "0", None]
    assert answers[0].headers["x-ratelimit-limit-requests"] == "2"
    assert answers[0].headers["x-ratelimit-reset-requests"].endswith("s")
    assert answers[2].json()["error"]["code"] == "rate_limit_exceeded"
    assert int(answers[2].headers["retry-after"]) >= 1


@pytest.mark.parametrize("scope", [Scope.READ, Scope.CHAT])
async def test_a_quota_of_tokens_is_told_and_kept(http: httpx.AsyncClient, give_key: GiveKey, scope: Scope) -> None:
    token = give_key(scope, tokens_per_minute=15)

    first = await call(http, scope, token)
    statuses = [(await call(http, scope, token)).status_code for _ in range(20)]

    assert first.status_code == 200
    assert int(first.headers["x-ratelimit-remaining-tokens"]) < int(first.headers["x-ratelimit-limit-tokens"]) == 15
    assert 429 in statuses


async def test_what_a_chat_may_write_is_of_its_quota(
    http: httpx.AsyncClient, give_key: GiveKey, service: Service
) -> None:
    headers = {"authorization": f"Bearer {give_key(Scope.CHAT, tokens_per_minute=100)}"}
    chat = {"model": service.settings.extractor.model, "messages": [{"role": "user", "content": "hello"}]}

    short = await http.post("/v1/chat/completions", json={**chat, "max_tokens": 10}, headers=headers)
    long = await http.post("/v1/chat/completions", json={**chat, "max_tokens": 1000}, headers=headers)

    assert short.status_code == 200
    assert (long.status_code, long.json()["error"]["code"]) == (422, "request_over_quota")


async def test_refused_work_frees_its_places(http: httpx.AsyncClient, give_key: GiveKey, service: Service) -> None:
    token = give_key(tokens_per_minute=1)

    assert (await call(http, Scope.READ, token)).status_code == 422
    assert service.in_flight == 0


async def test_refusals_are_counted_by_their_code(http: httpx.AsyncClient, give_key: GiveKey) -> None:
    await call(http, Scope.READ, None)
    await call(http, Scope.CHAT, give_key(Scope.READ))

    metrics = (await call(http, Scope.ADMIN, give_key(Scope.ADMIN))).text

    assert 'pubserve_refused_total{code="invalid_api_key"} 1.0' in metrics
    assert 'pubserve_refused_total{code="insufficient_scope"} 1.0' in metrics


async def test_logs_name_keys_by_their_ids_alone(
    http: httpx.AsyncClient, give_key: GiveKey, capsys: pytest.CaptureFixture[str]
) -> None:
    token = give_key()

    await call(http, Scope.READ, token)
    await call(http, Scope.CHAT, token)
    await call(http, Scope.READ, token[:-1])

    written = capsys.readouterr().err
    let_in = [json.loads(line).get("key_id") for line in written.splitlines() if '"event": "request"' in line]
    assert let_in == [token.split("_")[1], None, None]
    assert token.split("_", 2)[2][:-1] not in written


async def test_the_python_client_sends_the_key(service: Service, give_key: GiveKey) -> None:
    def client(key: str) -> pubserve.AsyncClient:
        return pubserve.AsyncClient("http://test", api_key=key, transport=httpx.ASGITransport(create_app(service)))

    async with client(give_key()) as known:
        assert len((await known.analyze([Paper(**PAPER)])).results) == 1
    async with client("ps_wrong") as unknown:
        with pytest.raises(pubserve.Unauthorized):
            await unknown.analyze([Paper(**PAPER)])
    async with client(give_key(Scope.CHAT)) as other:
        with pytest.raises(pubserve.Forbidden, match="--scope read"):
            await other.analyze([Paper(**PAPER)])


async def test_the_openai_client_sends_the_key(service: Service, give_key: GiveKey) -> None:
    transport = httpx2.ASGITransport(create_app(service))
    client = openai.AsyncOpenAI(
        base_url="http://test/v1",
        api_key=give_key(Scope.CHAT),
        http_client=openai.DefaultAsyncHttpxClient(transport=transport),
    )

    assert [model.id async for model in client.models.list()]
    with pytest.raises(openai.AuthenticationError) as caught:
        await client.with_options(api_key="sk-abc").models.list()
    assert caught.value.code == "invalid_api_key"
    with pytest.raises(openai.PermissionDeniedError):
        await client.with_options(api_key=give_key(Scope.READ)).models.list()


async def test_the_documentation_has_a_place_for_the_key(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()

    assert document["components"]["securitySchemes"] == {"key": {"type": "http", "scheme": "bearer"}}
    assert document["security"] == [{"key": []}]


def test_a_service_does_not_start_without_its_file(settings: Settings, models: InstantModels, tmp_path: Path) -> None:
    keys = KeysSettings(file=str(tmp_path / "nothing.yaml"))

    with pytest.raises(KeyFileError, match=r"nothing\.yaml cannot be read"):
        create_app(Service(settings.model_copy(update={"keys": keys}), models))
