"""Parquet, in batches."""

from pathlib import Path

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.parquet import write_table

from pubserve.formats import parquet
from pubserve.formats.records import LABELS, Defect, PaperRecord, Reason

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from([*LABELS, None]))))
def test_what_is_written_is_read_back_to_the_character(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str, str | None]]
) -> None:
    file = tmp_path_factory.mktemp("parquet") / "papers.parquet"
    papers = [PaperRecord(str(n), title, abstract, label) for n, (title, abstract, label) in enumerate(texts)]

    parquet.write(papers, file)

    assert [found for _, found in parquet.read(file)] == papers


def test_rows_are_counted_across_batches(tmp_path: Path) -> None:
    papers = [PaperRecord(str(n), "T.", "") for n in range(1, 2 * parquet.BATCH_ROWS + 2)]

    parquet.write(papers, tmp_path / "papers.parquet")

    assert list(parquet.read(tmp_path / "papers.parquet")) == list(enumerate(papers, 1))


def test_columns_are_found_by_name_and_others_are_left_alone(tmp_path: Path) -> None:
    columns = {
        "year": [2000, 2001],
        "PMID": [1, 2],
        "Title_Abstract": ["Title. Text.", None],
        "label": ["cancer", "no idea"],
    }
    write_table(pyarrow.table(columns), tmp_path / "papers.parquet")

    (_, paper), (_, unknown) = parquet.read(tmp_path / "papers.parquet")

    assert paper == PaperRecord("1", "Title.", "Text.", "Cancer")
    assert unknown == PaperRecord("2", "", "", "no idea")


def test_a_file_of_something_else_is_told_what_was_expected(tmp_path: Path) -> None:
    write_table(pyarrow.table({"year": [2000]}), tmp_path / "years.parquet")

    [(_, found)] = parquet.read(tmp_path / "years.parquet")

    assert isinstance(found, Defect)
    assert "expected columns such as id" in found.detail


@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_damaged_file_is_unreadable(tmp_path: Path, kept: float) -> None:
    parquet.write([PaperRecord(str(n), "T.", "A.") for n in range(100)], tmp_path / "papers.parquet")
    whole = (tmp_path / "papers.parquet").read_bytes()
    (tmp_path / "papers.parquet").write_bytes(whole[: int(len(whole) * kept)])

    [(_, found)] = parquet.read(tmp_path / "papers.parquet")

    assert isinstance(found, Defect)
    assert found.reason is Reason.UNREADABLE
