"""The keys of a running service: rotated while it runs, and never lost to a bad file."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serve.errors import Unauthorized
from serve.keys import keyring
from serve.keys.key_file import KeyFileError, changing
from serve.keys.keyring import Keyring

from .conftest import MakeKey


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "LOOK_EVERY_S", 0.0)


def test_a_key_is_known_by_its_token(file: Path, make_key: MakeKey) -> None:
    token, key = make_key()
    with changing(file) as keys:
        keys += [make_key()[1], key]

    assert Keyring(file).key(token) == key


@pytest.mark.parametrize("token", [None, "", "sk-abc", "ps_0123abcd_" + "a" * 43, "pß_0123abcd_" + "a" * 43])
def test_what_is_no_key_is_refused(file: Path, make_key: MakeKey, token: str | None) -> None:
    with changing(file) as keys:
        keys.append(make_key()[1])

    with pytest.raises(Unauthorized, match="pubserve keys new"):
        Keyring(file).key(token)


def test_the_right_id_with_another_secret_is_refused(file: Path, make_key: MakeKey) -> None:
    token, key = make_key()
    with changing(file) as keys:
        keys.append(key)

    with pytest.raises(Unauthorized) as caught:
        Keyring(file).key(f"ps_{key.id}_{'a' * 43}")

    assert token not in caught.value.message
    assert "a" * 43 not in caught.value.message


def test_an_expired_key_is_refused_and_its_holder_is_told(file: Path, make_key: MakeKey) -> None:
    token, key = make_key(expires=datetime.now(UTC) - timedelta(days=1))
    with changing(file) as keys:
        keys.append(key)

    with pytest.raises(Unauthorized, match=f"{key.id} expired on"):
        Keyring(file).key(token)
    with pytest.raises(Unauthorized, match="wrong or was withdrawn"):
        Keyring(file).key(f"ps_{key.id}_{'a' * 43}")


def test_keys_are_rotated_while_it_runs(file: Path, make_key: MakeKey) -> None:
    [(old_token, old), (new_token, new)] = make_key("team"), make_key("team")
    with changing(file) as keys:
        keys.append(old)
    ring = Keyring(file)

    with changing(file) as keys:
        keys.append(new)
    assert ring.key(old_token).owner == ring.key(new_token).owner == "team"

    with changing(file) as keys:
        keys.remove(old)
    assert ring.key(new_token) == new
    with pytest.raises(Unauthorized):
        ring.key(old_token)


def test_a_secret_that_kubernetes_swaps_is_seen(tmp_path: Path, make_key: MakeKey) -> None:
    """Its files are links into a directory that another link points to; that one is moved."""
    [(old_token, old), (new_token, new)] = make_key(), make_key()
    for name, key in (("first", old), ("second", new)):
        with changing(tmp_path / name / "keys.yaml") as keys:
            keys.append(key)
    (tmp_path / "..data").symlink_to("first")
    (tmp_path / "keys.yaml").symlink_to("..data/keys.yaml")
    ring = Keyring(tmp_path / "keys.yaml")
    assert ring.key(old_token) == old

    (tmp_path / "..data_tmp").symlink_to("second")
    os.replace(tmp_path / "..data_tmp", tmp_path / "..data")

    assert ring.key(new_token) == new


@pytest.mark.parametrize("content", ["keys: [", "keys: [{id: 1}]", None])
def test_a_file_that_breaks_while_it_runs_changes_nothing(
    file: Path, make_key: MakeKey, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    token, key = make_key()
    with changing(file) as keys:
        keys.append(key)
    ring = Keyring(file)

    file.unlink()
    if content is not None:
        file.write_text(content)

    assert ring.key(token) == key
    written = capsys.readouterr().err
    assert "keys_not_reloaded" in written
    assert key.sha256 not in written


def test_the_file_is_not_read_again_for_each_request(
    file: Path, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, key = make_key()
    with changing(file) as keys:
        keys.append(key)
    ring = Keyring(file)
    read: list[Path] = []
    monkeypatch.setattr(keyring, "read_keys", read.append)

    for _ in range(3):
        ring.key(token)

    assert read == []


def test_there_is_no_start_without_a_file(file: Path) -> None:
    with pytest.raises(KeyFileError):
        Keyring(file)


def test_work_that_goes_on_asks_for_its_key_by_id(file: Path, make_key: MakeKey) -> None:
    [(_, key), (_, expired)] = make_key(), make_key(expires=datetime.now(UTC) - timedelta(days=1))
    with changing(file) as keys:
        keys += [key, expired]
    ring = Keyring(file)

    assert ring.key_with_id(key.id) == key
    with pytest.raises(Unauthorized, match="expired on"):
        ring.key_with_id(expired.id)
    with changing(file) as keys:
        keys.remove(key)
    with pytest.raises(Unauthorized, match=f"{key.id} was withdrawn"):
        ring.key_with_id(key.id)
