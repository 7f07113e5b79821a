"""Labelled abstracts as they are read."""

from pathlib import Path

import pytest

from training.data import MalformedRecord, read_folder


def write(folder: Path, label: str, name: str, text: str) -> None:
    (folder / label).mkdir(exist_ok=True)
    (folder / label / f"{name}.txt").write_text(text, encoding="utf-8")


def test_a_record_has_an_id_a_title_and_an_abstract_of_any_number_of_lines(tmp_path: Path) -> None:
    write(tmp_path, "Cancer", "1", "<ID:1>\nTitle: [On tumours].\nAbstract: AIM: One.\nRESULTS: Two.")
    write(tmp_path, "Non-Cancer", "2", "<ID:2>\nTitle: On asthma.\nAbstract: Three.")

    cancer, other = read_folder(tmp_path)

    assert (cancer.id, cancer.label) == ("1", "Cancer")
    assert cancer.abstract == "AIM: One.\nRESULTS: Two."
    assert cancer.text == "On tumours.\nAIM: One.\nRESULTS: Two."
    assert other.text == "On asthma.\nThree."


def test_a_malformed_record_is_named(tmp_path: Path) -> None:
    write(tmp_path, "Cancer", "1", "Title only")

    with pytest.raises(MalformedRecord, match=r"Cancer/1\.txt: expected"):
        read_folder(tmp_path)


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedRecord, match=r"Cancer: no \.txt files"):
        read_folder(tmp_path)
