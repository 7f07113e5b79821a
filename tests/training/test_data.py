"""Labelled abstracts as they are read and split."""

from pathlib import Path

import pytest

from training.data import LabelledPaper, MalformedRecord, read_folder, split


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


def test_parts_are_disjoint_and_papers_published_twice_stay_together() -> None:
    papers = [
        LabelledPaper(str(n), f"Title {n}", f"Abstract number {n // 2}, twice!" if n < 40 else f"Text {n}", label)
        for n, label in enumerate(["Cancer", "Non-Cancer"] * 50)
    ]

    parts = split(papers, seed=1)

    assert sorted(int(p.id) for part in parts.values() for p in part) == list(range(100))
    parts_of_group: dict[str, set[str]] = {}
    for name, part in parts.items():
        for paper in part:
            parts_of_group.setdefault(paper.group, set()).add(name)
    assert len(parts_of_group) == 80
    assert all(len(names) == 1 for names in parts_of_group.values())
    assert parts == split(papers, seed=1)
    assert parts != split(papers, seed=2)
