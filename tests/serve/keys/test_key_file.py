"""The file of keys: written whole, for its owner's eyes, and clear about what is wrong with it."""

import json
import stat
import threading
from pathlib import Path

import pytest

from serve.keys.key_file import KeyFileError, changing, read_keys

from .conftest import MakeKey


def test_what_is_written_is_read(file: Path, make_key: MakeKey) -> None:
    kept = [make_key("a")[1], make_key("b")[1]]
    with changing(file) as keys:
        keys += kept

    assert read_keys(file) == kept


def test_json_is_read_as_well(file: Path, make_key: MakeKey) -> None:
    _, key = make_key()
    file.write_text(json.dumps({"keys": [key.model_dump(mode="json")]}))

    assert read_keys(file) == [key]


def test_an_empty_file_holds_no_key(file: Path) -> None:
    file.write_text("")

    assert read_keys(file) == []


def test_only_its_owner_may_read_it(file: Path, make_key: MakeKey) -> None:
    with changing(file) as keys:
        keys.append(make_key()[1])

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_token_is_not_in_it(file: Path, make_key: MakeKey) -> None:
    token, key = make_key()
    with changing(file) as keys:
        keys.append(key)

    assert token.split("_", 2)[2] not in file.read_text()


def test_a_change_that_fails_leaves_the_file_as_it_was(file: Path, make_key: MakeKey) -> None:
    with changing(file) as keys:
        keys.append(make_key()[1])
    before = file.read_bytes()

    with pytest.raises(IndexError), changing(file) as keys:
        keys.pop(1)

    assert file.read_bytes() == before


def test_two_changes_at_once_are_both_made(file: Path, make_key: MakeKey) -> None:
    def add() -> None:
        with changing(file) as keys:
            keys.append(make_key()[1])

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(read_keys(file)) == 8


def test_a_file_that_is_not_there_says_how_to_make_one(file: Path) -> None:
    with pytest.raises(KeyFileError, match=r"keys\.yaml cannot be read: No such file") as caught:
        read_keys(file)

    assert "pubserve keys new" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("keys: [", "not YAML in UTF-8, at line"),
        ("- 1", "wrong at the file"),
        ("keyz: []", "wrong at keyz"),
        ("keys: [{id: 0123abcd}]", r"wrong at keys\.0\.owner"),
        ("keys: [{id: 0123abcd, owner: a b}]", r"wrong at keys\.0\.owner"),
    ],
)
def test_a_wrong_file_says_where_it_is_wrong(file: Path, content: str, said: str) -> None:
    file.write_text(content)

    with pytest.raises(KeyFileError, match=said):
        read_keys(file)


def test_a_file_in_another_encoding_is_wrong(file: Path) -> None:
    file.write_bytes(b"keys: \xff")

    with pytest.raises(KeyFileError, match="not YAML in UTF-8"):
        read_keys(file)


def test_one_id_cannot_stand_for_two_keys(file: Path, make_key: MakeKey) -> None:
    _, key = make_key()
    file.write_text(json.dumps({"keys": [key.model_dump(mode="json")] * 2}))

    with pytest.raises(KeyFileError, match=key.id):
        read_keys(file)


def test_a_message_does_not_quote_the_file(file: Path) -> None:
    file.write_text("keys: [{sha256: not-to-be-seen, id: not-to-be-seen}]")

    with pytest.raises(KeyFileError) as caught:
        read_keys(file)

    assert "not-to-be-seen" not in f"{caught.value}{caught.value.hint}"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")

    with pytest.raises(KeyFileError, match="cannot be written"), changing(tmp_path / "plain" / "keys.yaml"):
        pass
