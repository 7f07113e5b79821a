"""Files by URL: written whole or not at all, listed in order, wherever they lie."""

import os
import pickle
from pathlib import Path

import pytest

from bulk.errors import BulkError
from bulk.storage import Location, walk


@pytest.fixture(params=["path", "file", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    prefix = {"path": "", "file": "file://", "memory": "memory://"}[request.param]
    return Location.given(f"{prefix}{tmp_path}/folder")


def test_what_is_written_is_read_back_and_lies_where_its_url_says(folder: Location) -> None:
    file = folder / "sub" / "part.jsonl"

    file.write_bytes(b"first")
    file.write_bytes(b"second")

    assert file.read_bytes() == b"second"
    with file.open("rb") as opened:
        assert opened.read() == b"second"
    assert (file.name, file.parent) == ("part.jsonl", folder / "sub")
    assert (folder / "sub").names() == ["part.jsonl"]
    assert folder.contains(file)
    assert not file.contains(folder)


def test_a_location_travels_between_processes(folder: Location) -> None:
    assert folder.path  # the file system is open
    assert pickle.loads(pickle.dumps(folder)) == folder


def test_a_write_that_fails_leaves_what_was_there_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Location.given(str(tmp_path / "part.jsonl"))
    file.write_bytes(b"whole")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))

    with pytest.raises(OSError, match="No space left"):
        file.write_bytes(b"half")

    assert os.listdir(tmp_path) == ["part.jsonl"]
    assert file.read_bytes() == b"whole"


def test_removing_what_is_not_there_is_of_no_effect(folder: Location) -> None:
    (folder / "part").write_bytes(b"x")

    folder.remove()
    folder.remove()

    assert not folder.exists()
    assert folder.names() == []


def test_a_walk_goes_down_in_order_and_passes_over_what_is_no_paper(folder: Location) -> None:
    for name in ("b.csv", "a/2.xml.gz", "a/1.xml.gz", "a/1.xml.gz.md5", ".hidden", "_SUCCESS", "_spark/part"):
        file = folder
        for part in name.split("/"):
            file = file / part
        file.write_bytes(b"x")

    found = list(walk(folder))

    assert [entry.location.url.removeprefix(f"{folder.url}/") for entry in found] == [
        "a/1.xml.gz",
        "a/2.xml.gz",
        "b.csv",
    ]
    assert {entry.size_bytes for entry in found} == {1}


def test_a_single_file_is_its_own_walk_even_if_it_is_hidden(tmp_path: Path) -> None:
    (tmp_path / ".papers.csv").write_text("id,title\n")

    [entry] = walk(Location.given(str(tmp_path / ".papers.csv")))

    assert entry.location.name == ".papers.csv"


def test_a_file_that_changes_has_another_version(tmp_path: Path) -> None:
    file = tmp_path / "papers.csv"
    file.write_text("id,title\n")
    [before] = walk(Location.given(str(tmp_path)))

    os.utime(file, (0, 0))
    [after] = walk(Location.given(str(tmp_path)))

    assert before.version != after.version


def test_a_protocol_without_its_package_says_what_to_install() -> None:
    with pytest.raises(BulkError, match="gcsfs") as refused:
        Location.given("gs://corpus/2026").exists()
    assert "Install" in refused.value.remedy
