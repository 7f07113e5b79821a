"""One paper a file, in folders named after labels."""

from pathlib import Path

import pytest

from pubserve.formats import tagged_text
from pubserve.formats.records import Defect, PaperRecord, Reason

PAPERS = [
    PaperRecord("1", "[On tumours].", "AIM: One.\nRESULTS: Two, in 3 < 4.", "Cancer"),
    PaperRecord("2", "On asthma.", "", "Non-Cancer"),
]


def test_an_abstract_may_run_over_many_lines(tmp_path: Path) -> None:
    file = tmp_path / "1.txt"
    file.write_text("<ID:1>\nTitle: On\n tumours.\nAbstract: AIM: One.\n\nRESULTS: Two.\n", encoding="utf-8")

    assert list(tagged_text.read(file)) == [(1, PaperRecord("1", "On\n tumours.", "AIM: One.\n\nRESULTS: Two."))]


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "1.txt"
    file.write_bytes(b"\xef\xbb\xbf<ID:1>\r\nTitle: T.\r\nAbstract: One.\r\nTwo.\r\n")

    assert list(tagged_text.read(file)) == [(1, PaperRecord("1", "T.", "One.\nTwo."))]


def test_the_label_is_the_folders_name(tmp_path: Path) -> None:
    tagged_text.write(PAPERS, tmp_path / "out")

    read = [
        row
        for label in ("Cancer", "Non-Cancer")
        for f in tagged_text.files_of(tmp_path / "out", label)
        for row in tagged_text.read(f)
    ]

    assert tagged_text.is_layout(tmp_path / "out")
    assert read == [(1, paper) for paper in PAPERS]


@pytest.mark.parametrize(
    "text", ["", "Title only", "<ID:1>\nTitle: No abstract", "<ID:1> Abstract: before Title: after"]
)
def test_a_file_in_another_layout_is_malformed(tmp_path: Path, text: str) -> None:
    file = tmp_path / "1.txt"
    file.write_text(text, encoding="utf-8")

    [(_, found)] = tagged_text.read(file)

    assert isinstance(found, Defect)
    assert found.reason is Reason.MALFORMED


@pytest.mark.parametrize("id_", ["../2", "a/b", "", ".hidden", "1\n"])
def test_an_id_that_cannot_name_a_file_is_refused_and_nothing_is_left(tmp_path: Path, id_: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a file"):
        tagged_text.write([PAPERS[0], PaperRecord(id_, "T.", "", "Cancer")], tmp_path / "out")

    assert list(tmp_path.iterdir()) == []


def test_a_paper_without_label_has_no_place_in_the_layout(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="paper 1 has no label"):
        tagged_text.write([PaperRecord("1", "T.", "A.")], tmp_path / "out")


def test_a_folder_with_something_in_it_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(FileExistsError, match="name a new folder"):
        tagged_text.write(PAPERS, tmp_path)

    assert (tmp_path / "mine.txt").read_text() == "mine"
