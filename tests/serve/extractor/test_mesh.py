"""Headings of diseases are read from a table, with their names as people write them."""

from pathlib import Path

import pytest

from serve.extractor.mesh import Heading, read_disease_headings, read_disease_supplements, read_headings
from serve.extractor.vocabulary import VocabularyError


def test_a_row_is_a_heading(tmp_path: Path) -> None:
    (tmp_path / "mesh.tsv").write_text("D1\tToe Diseases\tToes, Sore|Sore Toes\tC05.1|C17.2\tmore\nD2\tToe\t\t\n")

    sore, toe = read_headings(tmp_path / "mesh.tsv")

    assert sore == Heading("D1", "Toe Diseases", ("Toes, Sore", "Sore Toes"), ("C05.1", "C17.2"))
    assert sore.is_under("C17")
    assert not sore.is_under("C04")
    assert toe.places == ()


def test_only_diseases_and_mental_disorders_are_kept_and_their_names_put_in_order(tmp_path: Path) -> None:
    (tmp_path / "mesh.tsv").write_text(
        "D1\tCarcinoma, Non-Small-Cell Lung\tA, b, c\tC04.1\n"
        "D2\tCalcimycin\t\tD02.355\n"
        "D3\tAnxiety\tNerves, Bad\tF03.1\n"
    )  # fmt: skip

    assert [(h.id, h.name, h.synonyms) for h in read_disease_headings(tmp_path / "mesh.tsv")] == [
        ("D1", "Non-Small-Cell Lung Carcinoma", ("A, b, c",)),
        ("D3", "Anxiety", ("Bad Nerves",)),
    ]


def test_supplementary_records_of_diseases_have_the_places_of_what_they_are_kept_under(tmp_path: Path) -> None:
    (tmp_path / "supp.tsv").write_text("C1\tToe, Sore\tToes, Sore\tD1,D9\nC2\tSalt\t\tD9\n")

    [sore] = read_disease_supplements(tmp_path / "supp.tsv", [Heading("D1", "Toe Diseases", (), ("C05.1", "C17.2"))])

    assert sore == Heading("C1", "Sore Toe", ("Sore Toes",), ("C05.1", "C17.2"), kept_under=("D1",))


def test_a_table_that_cannot_be_read_is_named_with_line_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "mesh.tsv").write_text("D010\tToes\t\tC04.1\nD011\n")

    with pytest.raises(VocabularyError, match=r"mesh\.tsv:2: expected id, name, synonyms and places\. Run `pubserve"):
        list(read_headings(tmp_path / "mesh.tsv"))
    with pytest.raises(VocabularyError, match=r"away\.tsv: .*No such file.* Run `pubserve-models prepare"):
        list(read_headings(tmp_path / "away.tsv"))
