"""`pubserve keys`, as whoever runs the service meets it."""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serve.keys.cli import cli
from serve.keys.key_file import read_keys
from serve.keys.keyring import Keyring
from serve.keys.scopes import Scope


@dataclass
class Result:
    status: int
    out: str
    err: str


class Shell:
    """Runs the command, as its entry point does, on a file of the test's own."""

    def __init__(self, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        monkeypatch.setenv("PUBSERVE_KEYS__FILE", str(file))

    def __call__(self, *words: str) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["pubserve keys", *words])
        try:
            cli()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        return Result(status, *self._capsys.readouterr())


@pytest.fixture
def keys(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(file, monkeypatch, capsys)


def test_a_new_key_is_all_that_a_pipe_gets(keys: Shell, file: Path) -> None:
    made = keys("new", "oncology-team")

    token = made.out.strip()
    assert Keyring(file).key(token).owner == "oncology-team"
    assert token not in made.err
    assert token.split("_", 2)[2] not in file.read_text()


def test_a_key_reads_papers_for_a_year_unless_told_otherwise(keys: Shell, file: Path) -> None:
    keys("new", "team")

    [key] = read_keys(file)
    assert key.scopes == (Scope.READ,)
    assert key.expires == key.created + timedelta(days=365)
    assert key.created <= datetime.now(UTC)


def test_scopes_days_and_quotas_are_as_told(keys: Shell, file: Path) -> None:
    scopes = ["--scope", "chat", "--scope", "batch"]
    quotas = ["--requests-per-minute", "60", "--tokens-per-minute", "1000", "--tokens-per-day", "50000"]
    keys("new", "app", *scopes, "--days", "0", *quotas)

    [key] = read_keys(file)
    assert key.scopes == (Scope.CHAT, Scope.BATCH)
    assert key.expires is None
    assert list(key.quota.model_dump().values()) == [60, 1000, 50000]


def test_programs_get_json(keys: Shell) -> None:
    made = json.loads(keys("new", "team", "--json").out)
    [listed] = json.loads(keys("list", "--json").out)

    assert made.pop("key").startswith(f"ps_{made['id']}_")
    assert made == listed


def test_the_list_tells_all_but_the_keys(keys: Shell, file: Path) -> None:
    token = keys("new", "team", "--tokens-per-day", "5000").out.strip()
    keys("new", "ops", "--scope", "admin", "--days", "0")

    table = keys("list").out

    assert "team" in table
    assert "5,000" in table
    assert "for ever" in table
    assert token.split("_", 2)[2] not in table
    assert read_keys(file)[0].sha256 not in table


def test_a_withdrawn_key_is_gone_and_others_stay(keys: Shell, file: Path) -> None:
    for owner in ("a", "b"):
        keys("new", owner)
    first, second = read_keys(file)

    assert keys("revoke", first.id).status == 0
    assert read_keys(file) == [second]


def test_a_key_that_is_not_there_cannot_be_withdrawn(keys: Shell) -> None:
    keys("new", "team")

    refused = keys("revoke", "0123abcd")

    assert refused.status == 1
    assert "There is no key 0123abcd" in refused.err
    assert "pubserve keys list" in refused.err


def test_a_list_of_no_file_says_how_to_make_one(keys: Shell) -> None:
    refused = keys("list")

    assert refused.status == 1
    assert "pubserve keys new" in refused.err


@pytest.mark.parametrize(
    "words", [["new", "two words"], ["new", "team", "--scope", "all"], ["new", "team", "--days", "-1"]]
)
def test_a_mistake_in_the_command_makes_no_key(keys: Shell, file: Path, words: list[str]) -> None:
    assert keys(*words).status == 2
    assert not file.exists()
