"""Files opened wherever they lie, and lines that are never held when they are too long."""

import gzip
import io
from pathlib import Path
from typing import BinaryIO, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve.formats.files import BoundedLines, RecordTooLarge, open_binary, open_text

MAX_CHARS = 10
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=3 * MAX_CHARS)


class InMemory:
    """A file that is no path."""

    name = "papers.csv"

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.opened: list[BinaryIO] = []

    @property
    def parent(self) -> "InMemory":
        return self

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        self.opened.append(io.BytesIO(self._content))
        return self.opened[-1]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_what_is_no_path_is_read_as_well_and_closed(pack: type[bytes]) -> None:
    file = InMemory(pack(b"id,title\n"))

    with open_text(file) as text:
        assert text.read() == "id,title\n"

    assert [opened.closed for opened in file.opened] == [True]


def test_gzip_is_told_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "papers.csv").write_bytes(gzip.compress(b"id"))
    (tmp_path / "empty").touch()

    with open_binary(tmp_path / "papers.csv") as packed, open_binary(tmp_path / "empty") as empty:
        assert (packed.read(), empty.read()) == (b"id", b"")


@given(st.lists(TEXTS))
def test_every_line_comes_but_those_that_are_too_long(given: list[str]) -> None:
    lines = BoundedLines(io.StringIO("".join(f"{line}\n" for line in given), newline="\n"), max_chars=MAX_CHARS)
    found: list[str | None] = []
    while True:
        try:
            found.append(next(lines))
        except StopIteration:
            break
        except RecordTooLarge:
            found.append(None)

    assert found == [f"{line}\n" if len(line) < MAX_CHARS else None for line in given]
