"""MEDLINE's tagged format."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve.formats import medline
from pubserve.formats.records import Defect, PaperRecord, Reason, Row

TWO = """
PMID- 1
OWN - NLM
TI  - On tumours of which the title is
      so long.
LID - 10.1/x [doi]
AB  - AIM: To see - and
      PMID- alike. END: Seen.
AD  - Somewhere
      far away.
AD  - Elsewhere,
      too.

PMID- 2
TI  - On asthma.
"""


def read(folder: Path, text: str) -> list[Row]:
    file = folder / "papers.nbib"
    file.write_bytes(text.encode())
    return list(medline.read(file))


def test_indented_lines_go_on_and_records_follow_each_other(tmp_path: Path) -> None:
    assert read(tmp_path, TWO) == [
        (2, PaperRecord("1", "On tumours of which the title is so long.", "AIM: To see - and PMID- alike. END: Seen.")),
        (14, PaperRecord("2", "On asthma.", "")),
    ]


def test_a_pmid_begins_a_record_even_without_an_empty_line(tmp_path: Path) -> None:
    rows = read(tmp_path, "PMID- 1\r\nTI  - One.\r\nPMID- 2\r\nTI  - Two.\r\n")

    assert rows == [(1, PaperRecord("1", "One.", "")), (3, PaperRecord("2", "Two.", ""))]


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ("TI  - [Not Available].\nTT  - Darüber.\n", "Darüber."),
        ("TI  - [On it].\nTT  - Darüber.\n", "[On it]."),
        ("BTI - The Book\n", "The Book"),
    ],
)
def test_the_title_is_the_best_there_is(tmp_path: Path, fields: str, title: str) -> None:
    [(_, found)] = read(tmp_path, f"PMID- 1\n{fields}")

    assert isinstance(found, PaperRecord)
    assert found.title == title


def test_a_record_without_pmid_is_not_lost_from_sight(tmp_path: Path) -> None:
    assert read(tmp_path, "OWN - NLM\n\nPMID- 2\n") == [(1, PaperRecord("", "", "")), (3, PaperRecord("2", "", ""))]


def test_a_line_that_is_no_field_is_told(tmp_path: Path) -> None:
    rows = read(tmp_path, "Search results\n\nPMID- 1\nTI  - T.\n")

    assert rows[0][0] == 1
    assert isinstance(rows[0][1], Defect)
    assert rows[0][1].reason is Reason.MALFORMED
    assert rows[1] == (3, PaperRecord("1", "T.", ""))


WORDS = st.lists(st.text("abcXYZ.-é", min_size=1, max_size=8), min_size=1, max_size=30)


@given(title=WORDS, abstract=WORDS, width=st.integers(1, 40))
def test_where_lines_are_broken_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, title: list[str], abstract: list[str], width: int
) -> None:
    def field(tag: str, words: list[str]) -> str:
        lines = [" ".join(words[at : at + width]) for at in range(0, len(words), width)]
        return f"{tag:4}- " + "\n      ".join(lines) + "\n"

    text = f"PMID- 1\n{field('TI', title)}{field('AB', abstract)}"

    assert read(tmp_path_factory.mktemp("nbib"), text) == [(1, PaperRecord("1", " ".join(title), " ".join(abstract)))]
