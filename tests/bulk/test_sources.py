"""The input divided among tasks: small files together, a large one alone, always the same way."""

from pathlib import Path

import pytest

from bulk.errors import UnusableInput
from bulk.sources import SOURCE_BYTES, files_of, sources_of
from bulk.storage import Entry, Location
from tests.bulk.users import as_nobody, open_folder


def entry(name: str, size_bytes: int) -> Entry:
    return Entry(Location(f"/corpus/{name}"), False, size_bytes, "1")


def test_small_neighbours_are_one_source_and_a_large_file_is_its_own() -> None:
    files = [entry("a", 10), entry("b", 20), entry("c", 3 * SOURCE_BYTES), entry("d", 30)]

    sources = list(sources_of(files))

    assert [[file.location.name for file in source.files] for source in sources] == [["a", "b"], ["c"], ["d"]]
    assert [source.number for source in sources] == [0, 1, 2]
    assert sources == list(sources_of(files))


def test_nothing_there_and_nothing_in_there_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="There is nothing at"):
        files_of(Location.given(str(tmp_path / "away")))
    with pytest.raises(UnusableInput, match="There is no file in"):
        files_of(Location.given(str(tmp_path)))


def test_a_closed_input_is_refused_and_a_closed_folder_in_it_is_a_file_that_cannot_be_read() -> None:
    with open_folder() as corpus:
        (corpus / "closed").mkdir()
        (corpus / "closed").chmod(0)
        (corpus / "open.csv").write_text("id,title\n1,Asthma.\n")

        with as_nobody():
            files = files_of(Location.given(str(corpus)))
            with pytest.raises(UnusableInput, match="Permission denied"):
                files_of(Location.given(str(corpus / "closed")))

    assert [(file.location.name, file.is_folder) for file in files] == [("closed", True), ("open.csv", False)]
