"""`pubserve train data`, as its user meets it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.client.efetch_server import Answer, efetch
from training.data import PaperRecord, read_papers
from training.data.cli import cli

CSV = "id,title,abstract,label\n1,On tumours.,AIM: One.,Cancer\n2,[On asthma].,,Non-Cancer\n"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    file = tmp_path / "labels.csv"
    file.write_text(CSV)
    return file


def test_inspect_shows_what_there_is(csv: Path) -> None:
    result = run("inspect", csv)

    assert result.exit_code == 0
    assert "1 delimited" in result.stdout
    assert "1 Cancer, 1 Non-Cancer" in result.stdout
    assert "Dropped" not in result.stdout


def test_inspect_shows_what_was_dropped_and_where_but_no_text(csv: Path) -> None:
    csv.write_text(CSV + "3,On a secret subject.,A.,Maybe\n")
    result = run("inspect", csv)

    assert result.exit_code == 0
    assert f"{csv}:4" in result.stdout
    assert "unknown label" in result.stdout
    assert "secret" not in result.output


def test_inspect_prints_json_for_programs(csv: Path) -> None:
    found = json.loads(run("inspect", csv, "--json").stdout)

    assert found["files"] == {"delimited": 1}
    assert found["kept"] == 2
    assert found["labels"] == {"Cancer": 1, "Non-Cancer": 1}
    assert found["flags"]["translated title, in brackets"] == 1


@pytest.mark.parametrize("command", [["inspect"], ["convert"]])
def test_strict_stops_at_the_first_bad_record(csv: Path, tmp_path: Path, command: list[str]) -> None:
    csv.write_text(CSV + "1,T.,A.,Cancer\n")
    result = run(*command, csv, *([tmp_path / "out.jsonl"] if command == ["convert"] else []), "--strict")

    assert result.exit_code == 1
    assert f"{csv}:4: an earlier record has this id" in result.stderr
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("name", ["out.jsonl", "out.csv", "out.parquet", "out"])
def test_convert_keeps_every_paper_in_every_format(csv: Path, tmp_path: Path, name: str) -> None:
    first, second = tmp_path / name, tmp_path / "back.csv"

    assert run("convert", csv, first).stdout == f"2 papers in {first}\n"
    assert run("convert", first, second).exit_code == 0
    assert list(read_papers(second)) == list(read_papers(csv))


def test_convert_says_why_it_cannot_write(csv: Path, tmp_path: Path) -> None:
    csv.write_text("id,title\n1,On it.\n")
    result = run("convert", csv, tmp_path / "folder")

    assert result.exit_code == 1
    assert "paper 1 has no label" in result.stderr
    assert not (tmp_path / "folder").exists()


def test_a_file_with_nothing_to_read_fails_and_replaces_nothing(csv: Path, tmp_path: Path) -> None:
    run("convert", csv, tmp_path / "out.jsonl")
    csv.write_text("hello\n")

    assert run("inspect", csv).exit_code == 1
    assert run("convert", csv, tmp_path / "out.jsonl").exit_code == 1
    assert len(list(read_papers(tmp_path / "out.jsonl"))) == 2


def test_fetch_writes_papers_and_names_those_that_are_missing(tmp_path: Path) -> None:
    (tmp_path / "pmids.txt").write_text("12\n11, 99\n12\n")
    out = tmp_path / "papers.jsonl"
    with efetch("11", "12") as server:
        options = ["--url", server.url, "--cache", str(tmp_path / "cache"), "--email", "me@example.org"]
        result = run("fetch", tmp_path / "pmids.txt", out, *options)
        again = run("fetch", "11,12", out, *options)

    assert (result.exit_code, again.exit_code) == (0, 0)
    assert result.stdout == f"2 papers in {out}\n"
    assert "1 not in PubMed, withdrawn, or empty: 99" in result.stderr
    assert [request["id"] for request in server.requests] == ["12,11,99"]
    assert list(read_papers(out)) == [PaperRecord(pmid, f"Title {pmid}.", "Text.") for pmid in ("11", "12")]


def test_fetch_may_insist_on_every_paper(tmp_path: Path) -> None:
    with efetch("11") as server:
        options = ["--url", server.url, "--cache", str(tmp_path / "cache"), "--strict"]

        assert run("fetch", "11,99", tmp_path / "papers.csv", *options).exit_code == 1


def test_fetch_says_what_ncbi_answered(tmp_path: Path) -> None:
    with efetch() as server:
        server.always = Answer(403)
        result = run("fetch", "11", tmp_path / "out.csv", "--url", server.url, "--cache", tmp_path / "cache")

    assert result.exit_code == 1
    assert "status 403" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "words",
    [
        ["inspect", "no-such-file"],
        ["inspect"],
        ["inspect", ".", "--format", "word"],
        ["convert", ".", "out.docx"],
        ["convert", ".", "out.csv.gz"],
        ["fetch", "eleven", "out.csv"],
        ["fetch", ",", "out.csv"],
    ],
)
def test_a_mistake_in_the_command_is_a_usage_error(words: list[str]) -> None:
    result = run(*words)

    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["inspect", "convert", "fetch"])
def test_help_teaches_by_example(command: str) -> None:
    result = run(command, "--help")

    assert result.exit_code == 0
    assert f"pubserve train data {command}" in result.stdout
