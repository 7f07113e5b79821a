"""Which scope a route needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.keys.scopes import OPEN, ROUTES, Scope, scope_of


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/", OPEN),
        ("/web/js/main.js", OPEN),
        ("/healthz", OPEN),
        ("/readyz", OPEN),
        ("/v1/analyze", Scope.READ),
        ("/v1/analyze/stream", Scope.READ),
        ("/v1/analyze/", Scope.READ),
        ("/predict", Scope.READ),
        ("/ExtractDisease", Scope.READ),
        ("/v1/chat/completions", Scope.CHAT),
        ("/v1/models/some/name", Scope.CHAT),
        ("/v1/batches/1/cancel", Scope.BATCH),
        ("/v1/files/1/content", Scope.BATCH),
        ("/v1/agent/runs", Scope.AGENT),
        ("/v1/status", Scope.ADMIN),
        ("/metrics", Scope.ADMIN),
    ],
)
def test_a_path_needs_its_scope(path: str, scope: Scope | None) -> None:
    assert scope_of(path) is scope


@pytest.mark.parametrize(
    "path", ["", "/v1", "/v1/", "/v1/analyzer", "//v1/analyze", "/V1/analyze", "/nope", "v1/analyze"]
)
def test_nothing_is_said_of_other_paths(path: str) -> None:
    with pytest.raises(LookupError):
        scope_of(path)


@given(st.one_of(st.text(), st.text("/v1webdocs").map("/".__add__)))
def test_only_what_lies_below_an_open_path_is_open(path: str) -> None:
    try:
        scope = scope_of(path)
    except LookupError:
        return
    is_open = [known for known, needed in ROUTES.items() if needed is OPEN and known != "/"]
    assert scope is not OPEN or path == "/" or any(f"{path}/".startswith(f"{known}/") for known in is_open)
