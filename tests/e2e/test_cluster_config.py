"""What a cluster is given, on a local Ray: the Serve config of an overlay as it is committed, and keys from a file."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import yaml

from loadtest.processes import free_port
from pubserve import Analysis, Client, RateLimited, Unauthorized
from tests.e2e.conftest import ASTHMA, CANCER, started, unread
from tests.k8s.conftest import overlay

Answer = TypeVar("Answer")

COMMANDS = Path(sys.executable).parent
RELOADED_WITHIN_S = 60


def keys_command(*arguments: str | Path) -> str:
    """`pubserve keys`, as an operator would call it; what it prints."""
    done = subprocess.run([COMMANDS / "pubserve", "keys", *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def new_key(file: Path, owner: str, *options: str) -> tuple[str, str]:
    """The key, and its id."""
    made = json.loads(keys_command("new", owner, "--file", file, "--json", *options))
    return made["key"], made["id"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.yaml"


@pytest.fixture(scope="module")
def reader(keys: Path) -> str:
    """A key that was there before the service was."""
    return new_key(keys, "readers")[0]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, keys: Path, reader: str) -> Iterator[str]:
    manifest = yaml.safe_load((overlay("cpu-dev").generated / "serve-config.yaml").read_text(encoding="utf-8"))
    config = yaml.safe_load(manifest["spec"]["serveConfigV2"])
    port = free_port()
    # All that differs: where it listens, and the file that would be mounted from a Secret.
    config["http_options"] = {"host": "127.0.0.1", "port": port}
    config["applications"][0]["args"]["keys"] = {"file": str(keys)}
    path = tmp_path_factory.mktemp("config") / "serve.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    address = f"http://127.0.0.1:{port}"
    # "local": without it, `serve run` looks for a cluster that is here already, and other tests may have one.
    with started([str(COMMANDS / "serve"), "run", str(path)], address, RAY_ADDRESS="local"):
        yield address


def test_it_serves_whoever_has_a_key(url: str, reader: str) -> None:
    with Client(url, api_key=reader) as client:
        cancer, asthma = client.analyze([CANCER, ASTHMA]).results

    assert isinstance(cancer, Analysis)
    assert isinstance(asthma, Analysis)
    assert (cancer.predicted_labels, asthma.predicted_labels) == (["Cancer"], ["Non-Cancer"])


def test_without_a_key_nothing_is_read(url: str) -> None:
    answer = httpx.post(f"{url}/v1/analyze", json={"papers": [CANCER.model_dump()]})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "invalid_api_key"


def test_a_key_is_for_its_scopes_alone(url: str, reader: str) -> None:
    answer = httpx.get(f"{url}/metrics", headers={"authorization": f"Bearer {reader}"})

    assert answer.status_code == 403
    assert "admin" in answer.json()["error"]["message"]


def test_keys_come_and_go_without_a_restart(url: str, keys: Path) -> None:
    key, key_id = new_key(keys, "newcomers", "--requests-per-minute", "1")
    with Client(url, api_key=key, retries=None) as client:
        first = until(lambda: client.analyze(unread(1)).results, refused=Unauthorized)
        with pytest.raises(RateLimited) as over_quota:
            client.analyze(unread(1))
        keys_command("revoke", key_id, "--file", keys)
        with pytest.raises(Unauthorized):
            until(lambda: client.analyze(unread(1)), refused=RateLimited)

    assert [result.ok for result in first] == [True]
    assert over_quota.value.retry_after_s


def until(ask: Callable[[], Answer], *, refused: type[Exception]) -> Answer:
    """The first answer, or the first refusal of another kind: the file is looked at every few seconds."""
    ends_s = time.monotonic() + RELOADED_WITHIN_S
    while True:
        try:
            return ask()
        except refused:
            assert time.monotonic() < ends_s
            time.sleep(0.5)
