"""Papers from disk, in whatever format, and what could not be used."""

import gzip
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from training.data import (
    WRITERS,
    Format,
    LabelledPaper,
    MalformedRecord,
    PaperRecord,
    ReadReport,
    Reason,
    read_folder,
    read_labelled,
    read_papers,
)

HEADER = "id,title,abstract,label\n"
PAPERS = [PaperRecord("1", "On tumours.", "One.", "Cancer"), PaperRecord("2", "On asthma.", "Two.", "Non-Cancer")]


def write(folder: Path, label: str, name: str, text: str) -> None:
    (folder / label).mkdir(exist_ok=True)
    (folder / label / f"{name}.txt").write_text(text, encoding="utf-8")


def csv(folder: Path, *rows: str) -> Path:
    file = folder / "papers.csv"
    file.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


def ids(papers: Iterable[PaperRecord]) -> list[str]:
    return [paper.id for paper in papers]


def test_a_record_has_an_id_a_title_and_an_abstract_of_any_number_of_lines(tmp_path: Path) -> None:
    write(tmp_path, "Cancer", "1", "<ID:1>\nTitle: [On tumours].\nAbstract: AIM: One.\nRESULTS: Two.")
    write(tmp_path, "Non-Cancer", "2", "<ID:2>\nTitle: On asthma.\nAbstract: Three.")

    cancer, other = read_folder(tmp_path)

    assert (cancer.id, cancer.label) == ("1", "Cancer")
    assert cancer.abstract == "AIM: One.\nRESULTS: Two."
    assert cancer.text == "[On tumours].\nAIM: One.\nRESULTS: Two."
    assert other.text == "On asthma.\nThree."


def test_a_malformed_record_is_named(tmp_path: Path) -> None:
    write(tmp_path, "Cancer", "1", "Title only")

    with pytest.raises(MalformedRecord, match=r"Cancer/1\.txt:1: expected") as caught:
        read_folder(tmp_path)

    assert caught.value.dropped.file == tmp_path / "Cancer" / "1.txt"
    assert caught.value.dropped.line == 1
    assert caught.value.dropped.reason is Reason.MALFORMED


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedRecord, match=r"Cancer: no \.txt files"):
        read_folder(tmp_path)


@pytest.mark.parametrize("format", WRITERS)
def test_every_format_that_is_written_is_recognised_and_read_back(tmp_path: Path, format: Format) -> None:
    WRITERS[format](PAPERS, tmp_path / "papers")

    assert list(read_papers(tmp_path / "papers", strict=True)) == PAPERS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("papers.txt", "ID|Title_Abstract|Label\n1|On it. Text.|\n"),
        ("papers", "pmid\ttitle\tabstract\n1\tOn it.\tText.\n"),
        ("papers.txt", '\n{"id": "1", "title": "On it.", "abstract": "Text."}\n'),
        ("papers.txt", "\nPMID- 1\nTI  - On it.\nAB  - Text.\n"),
        ("papers.txt", "\n1|t|On it.\n1|a|Text.\n"),
        ("papers.txt", "<ID:1>\nTitle: On it.\nAbstract: Text.\n"),
        ("papers.data", "\ufeff<ID:1>\r\nTitle: On it.\r\nAbstract: Text.\r\n"),
        (
            "efetch",
            "<?xml version='1.0'?><PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article>"
            "<ArticleTitle>On it.</ArticleTitle><Abstract><AbstractText>Text.</AbstractText></Abstract></Article>"
            "</MedlineCitation></PubmedArticle></PubmedArticleSet>",
        ),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_format_is_recognised_by_how_it_begins_packed_or_not(
    tmp_path: Path, name: str, text: str, packed: bool
) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())

    assert list(read_papers(file, strict=True)) == [PaperRecord("1", "On it.", "Text.")]


def test_the_caller_may_say_the_format(tmp_path: Path) -> None:
    file = csv(tmp_path)
    file.write_text("1|t|On it.\n")

    assert ids(read_papers(file, format=Format.PUBTATOR)) == ["1"]


def test_a_folder_of_files_is_read_file_by_file(tmp_path: Path) -> None:
    csv(tmp_path, "1,T.,A.,")
    (tmp_path / "b.jsonl").write_text('{"id": "2", "title": "T."}')
    (tmp_path / "LICENSE").write_text("Do as you like.")
    (tmp_path / ".hidden.csv").write_text("")
    report = ReadReport()

    assert ids(read_papers(tmp_path, report=report)) == ["2", "1"]
    assert [(d.place, d.reason) for d in report.drops] == [(str(tmp_path / "LICENSE"), Reason.UNREADABLE)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2,T.,A.", Reason.MALFORMED),
        (",T.,A.,Cancer", Reason.NO_ID),
        ("2, , ,Cancer", Reason.NOTHING_TO_READ),
        ("2,T.,A.,Maybe", Reason.UNKNOWN_LABEL),
        ("1,T.,A.,Cancer", Reason.DUPLICATE_ID),
        ("1,T.,A.,Non-Cancer", Reason.CONFLICTING_LABELS),
        ("1,T.,A.,", Reason.CONFLICTING_LABELS),
    ],
)
def test_a_bad_record_is_dropped_and_counted_or_raised(tmp_path: Path, row: str, reason: Reason) -> None:
    file = csv(tmp_path, "1,T.,A.,Cancer", row, "3,T.,A.,Cancer")
    report = ReadReport()

    assert ids(read_papers(file, report=report)) == ["1", "3"]
    assert report.kept == 2
    assert report.dropped == {reason: 1}
    assert report.drops[0].place == f"{file}:3"
    with pytest.raises(MalformedRecord, match=r"papers\.csv:3: .*expected") as caught:
        list(read_papers(file, strict=True))
    assert caught.value.dropped.reason is reason


def test_bytes_that_are_not_utf8_cost_their_own_record(tmp_path: Path) -> None:
    file = tmp_path / "papers.csv"
    file.write_bytes(b"id,title,abstract\n1,caf\xe9,A.\n2,T.,A.\n")
    report = ReadReport()

    assert ids(read_papers(file, report=report)) == ["2"]
    assert report.dropped == {Reason.NOT_UTF8: 1}


def test_lone_surrogates_of_json_are_dropped_too(tmp_path: Path) -> None:
    (tmp_path / "papers.jsonl").write_text('{"id": "1", "title": "\\ud800"}')
    report = ReadReport()

    assert list(read_papers(tmp_path / "papers.jsonl", report=report)) == []
    assert report.dropped == {Reason.NOT_UTF8: 1}


@pytest.mark.parametrize("mention", ["0\t6\tasthma", "1\t7\tAsthma", "0\t600\tAsthma", "6\t0\tAsthma"])
def test_a_mention_that_is_not_where_it_says_discredits_its_paper(tmp_path: Path, mention: str) -> None:
    file = tmp_path / "corpus.pubtator"
    file.write_text(f"1|t|Asthma.\n1\t{mention}\tDisease\tD1\n\n2|t|Asthma.\n2\t0\t6\tAsthma\tDisease\tD1\n")
    report = ReadReport()

    assert ids(read_papers(file, report=report)) == ["2"]
    assert report.dropped == {Reason.MISPLACED_MENTION: 1}
    assert "Asthma" not in str(report.drops[0])


def test_a_file_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    rows = [f'{{"id": "{n}", "title": "{"x" * 5000}{n}"}}\n' for n in range(1000)]
    (tmp_path / "papers.jsonl.gz").write_bytes(gzip.compress("".join(rows).encode())[:-500])
    report = ReadReport()

    kept = len(list(read_papers(tmp_path / "papers.jsonl.gz", report=report)))

    assert 0 < kept == report.kept
    assert report.dropped == {Reason.UNREADABLE: 1}
    assert report.drops[0].line == kept


@pytest.mark.parametrize("name", ["papers.csv", "papers.jsonl", "papers.xml", "papers.nbib", "papers.pubtator"])
def test_an_empty_file_is_not_passed_over_in_silence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    report = ReadReport()

    assert list(read_papers(tmp_path / name, report=report)) == []
    assert report.dropped.total() == 1


def test_a_path_with_nothing_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        list(read_papers(tmp_path / "nothing"))


def test_training_gets_papers_with_labels_only(tmp_path: Path) -> None:
    file = csv(tmp_path, "1,T.,A.,cancer", "2,T.,A.,")
    report = ReadReport()

    assert read_labelled(file, report=report) == [LabelledPaper("1", "T.", "A.", "Cancer")]
    assert (report.kept, report.dropped) == (1, {Reason.NO_LABEL: 1})
    with pytest.raises(MalformedRecord, match=r"papers\.csv:3: no label; expected Cancer or Non-Cancer"):
        read_labelled(file, strict=True)


def test_training_gets_no_paper_that_came_with_two_labels(tmp_path: Path) -> None:
    file = csv(tmp_path, "1,T.,A.,Cancer", "2,T.,A.,Cancer", "1,T.,A.,Non-Cancer", "2,T.,A.,Cancer")
    report = ReadReport()

    assert ids(read_labelled(file, report=report)) == ["2"]
    assert report.kept == 1
    assert report.dropped == {Reason.CONFLICTING_LABELS: 2, Reason.DUPLICATE_ID: 1}
    assert sorted(d.line for d in report.drops if d.reason is Reason.CONFLICTING_LABELS) == [2, 4]


def test_reading_needs_neither_torch_nor_scikit_learn() -> None:
    script = "import sys, training.data.readers; print([m for m in ('torch', 'sklearn', 'ray') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"
