"""One row a paper, between pipes, commas, semicolons or tabs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve.formats import delimited
from pubserve.formats.records import LABELS, Defect, PaperRecord, Reason, Row


def read(folder: Path, text: str) -> list[Row]:
    file = folder / "papers.csv"
    file.write_bytes(text.encode())
    return list(delimited.read(file))


def test_one_column_may_hold_title_and_abstract(tmp_path: Path) -> None:
    rows = read(tmp_path, "ID|Title_Abstract|Label\n1|On tumours. We, too, studied.|Cancer\n2|On asthma.|Non-Cancer\n")

    assert rows == [
        (2, PaperRecord("1", "On tumours.", "We, too, studied.", "Cancer")),
        (3, PaperRecord("2", "On asthma.", "", "Non-Cancer")),
    ]


@pytest.mark.parametrize("delimiter", delimited.DELIMITERS)
def test_the_header_says_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    text = "\ufeffLabel,Abstract,Title,pmid\r\nCancer,A.,T.,1\r\n".replace(",", delimiter)

    assert read(tmp_path, text) == [(2, PaperRecord("1", "T.", "A.", "Cancer"))]


def test_quoted_fields_hold_line_breaks_and_later_rows_keep_their_lines(tmp_path: Path) -> None:
    rows = read(tmp_path, 'id,title,abstract\n1,"On ""it"", all","AIM: One.\nEND: Two."\n\n2,T.,A.\n')

    assert rows == [
        (2, PaperRecord("1", 'On "it", all', "AIM: One.\nEND: Two.")),
        (5, PaperRecord("2", "T.", "A.")),
    ]


def test_a_row_with_another_number_of_fields_costs_itself_alone(tmp_path: Path) -> None:
    rows = read(tmp_path, "id|title|abstract\n1|T.|A|B.\n2|T.\n3|T.|A.\n")

    assert [line for line, found in rows if isinstance(found, Defect)] == [2, 3]
    assert rows[0][1] == Defect(Reason.MALFORMED, "4 fields; expected 3, or quotes round a field with `|` in it")
    assert rows[2] == (4, PaperRecord("3", "T.", "A."))


def test_a_quote_that_is_never_closed_is_told_where_it_opens(tmp_path: Path) -> None:
    rows = read(tmp_path, 'id,title,abstract\n1,T.,A.\n2,T.,"A.\n' + "3,T.,A.\n" * 20_000)

    line, found = rows[1]
    assert line == 3
    assert isinstance(found, Defect)
    assert "quoted field" in found.detail


@pytest.mark.parametrize("text", ["", "1,T.,A.\n", "\n", "journal,year\nX,2000\n"])
def test_a_file_without_a_header_is_told_what_was_expected(tmp_path: Path, text: str) -> None:
    [(line, found)] = read(tmp_path, text)

    assert line == 1
    assert isinstance(found, Defect)
    assert found.reason is Reason.UNREADABLE
    assert "ID, Title_Abstract, Label" in found.detail


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from([*LABELS, None]))))
def test_what_is_written_is_read_back_to_the_character(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str, str | None]]
) -> None:
    file = tmp_path_factory.mktemp("csv") / "papers.csv"
    papers = [PaperRecord(str(n), title, abstract, label) for n, (title, abstract, label) in enumerate(texts)]

    delimited.write(papers, file)

    assert [found for _, found in delimited.read(file)] == papers
