"""Keys, and a file of them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from serve.keys.key import Key, new_key
from serve.keys.scopes import Scope
from tests.redis_server import running

CREATED = datetime(2026, 1, 1, tzinfo=UTC)

MakeKey = Callable[..., tuple[str, Key]]


@pytest.fixture
def make_key() -> MakeKey:
    """A key as its holder has it, and as it is kept; for reading, unless said otherwise."""

    def make(owner: str = "team", *, scopes: tuple[Scope, ...] = (Scope.READ,), **fields: Any) -> tuple[str, Key]:
        return new_key(owner, scopes, created=CREATED, **fields)

    return make


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.yaml"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("redis")) as server:
        yield server.url
