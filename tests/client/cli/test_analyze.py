"""`pubserve analyze`: every format in, every format out, and what goes wrong on the way."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from pyarrow.parquet import read_table

from pubserve import Failure, Paper
from pubserve.contract import ErrorBody
from pubserve.testing import read_words, refusal
from tests.client.cli.conftest import Run, lines
from tests.client.efetch_server import Answer, efetch
from tests.client.http_service import Server


def asked(server: Server) -> list[str]:
    return [p["id"] for request in server.transport.requests for p in json.loads(request.content)["papers"]]


def fail_on(server: Server, paper_id: str) -> None:
    """From now on, the service cannot read this paper."""
    broken = Failure(abstract_id=paper_id, error=ErrorBody(message="gave up", type="server_error"))
    server.transport.read = lambda paper: broken if paper.id == paper_id else read_words(paper)


def test_answers_come_on_standard_output_and_all_else_elsewhere(run: Run, papers: Path) -> None:
    ran = run("analyze", papers)

    assert ran.exit_code == 0
    assert [(a["abstract_id"], a["predicted_labels"]) for a in lines(ran.stdout)] == [
        ("1", ["Cancer"]),
        ("2", ["Non-Cancer"]),
        ("3", ["Cancer"]),
    ]
    assert ran.stderr.startswith("3 answered; ")
    assert "\x1b" not in ran.output


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("papers.tsv", "pmid\ttitle\tabstract\n7\tLung cancer.\tText.\n"),
        ("papers.jsonl", '{"id": 7, "title": "Lung cancer."}\n'),
        ("papers.nbib", "PMID- 7\nTI  - Lung cancer.\nAB  - Text.\n"),
        ("papers.pubtator", "7|t|Lung cancer.\n7|a|Text.\n"),
        ("7.txt", "<ID:7>\nTitle: Lung cancer.\nAbstract: Text.\n"),
        (
            "papers.xml",
            "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>7</PMID><Article><ArticleTitle>Lung cancer."
            "</ArticleTitle></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>",
        ),
    ],
)
@pytest.mark.parametrize("way", ["file", "packed", "folder", "stdin"])
def test_every_format_is_read_from_files_folders_and_standard_input(
    run: Run, tmp_path: Path, name: str, text: str, way: str
) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    file = folder / name
    file.write_bytes(gzip.compress(text.encode()) if way == "packed" else text.encode())
    source: dict[str, Any] = {"input": text} if way == "stdin" else {}

    ran = run("analyze", {"stdin": "-", "folder": folder}.get(way, file), **source)

    assert ran.exit_code == 0, ran.stderr
    assert [(a["abstract_id"], a["predicted_labels"]) for a in lines(ran.stdout)] == [("7", ["Cancer"])]


def test_tasks_are_asked_for(run: Run, papers: Path, server: Server) -> None:
    run("analyze", papers, "--tasks", "labels,summary")

    assert json.loads(server.transport.requests[0].content)["tasks"] == ["labels", "summary"]


def test_a_jsonl_file_holds_what_the_service_said(run: Run, papers: Path, tmp_path: Path) -> None:
    ran = run("analyze", papers, "-o", tmp_path / "new" / "answers.jsonl")

    answers = lines((tmp_path / "new" / "answers.jsonl").read_text())
    assert (ran.exit_code, ran.stdout) == (0, "")
    assert sorted(a["abstract_id"] for a in answers) == ["1", "2", "3"]
    assert answers[0]["mentions"]


def test_a_csv_file_is_flat_and_in_the_order_of_the_papers(
    run: Run, papers: Path, tmp_path: Path, server: Server
) -> None:
    fail_on(server, "1")

    ran = run("analyze", papers, "-o", tmp_path / "answers.csv", "--batch", "1")

    with (tmp_path / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert ran.exit_code == 1
    assert [row["abstract_id"] for row in rows] == ["1", "2", "3"]
    assert (rows[0]["labels"], rows[0]["error"]) == ("", "gave up")
    assert (rows[2]["labels"], rows[2]["confidence_Cancer"], rows[2]["mentions"]) == ("Cancer", "0.9", "1")


def test_a_parquet_file_keeps_everything_nested_as_it_is(
    run: Run, papers: Path, tmp_path: Path, server: Server
) -> None:
    fail_on(server, "2")

    run("analyze", papers, "-o", tmp_path / "answers.parquet")

    rows = read_table(tmp_path / "answers.parquet").to_pylist()
    assert [row["abstract_id"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["mentions"][0]["text"] == "cancer"
    assert dict(rows[0]["confidence_scores"]) == {"Cancer": 0.9, "Non-Cancer": 0.1}
    assert rows[1]["error"] == "gave up"


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_journal_of_a_table_stays_only_while_something_is_left_to_do(
    run: Run, papers: Path, tmp_path: Path, server: Server, ending: str
) -> None:
    out, journal = tmp_path / f"answers.{ending}", tmp_path / f"answers.{ending}.partial.jsonl"
    fail_on(server, "2")
    assert run("analyze", papers, "-o", out).exit_code == 1
    assert journal.exists()
    server.transport.read = read_words
    server.transport.requests.clear()

    ran = run("analyze", papers, "-o", out, "--resume")

    assert ran.exit_code == 0
    assert asked(server) == ["2"]
    assert out.exists()
    assert not journal.exists()


def test_a_record_that_cannot_be_read_is_named_and_the_rest_goes_on(run: Run, papers: Path) -> None:
    papers.write_text(papers.read_text() + "4,only two\n5,Asthma.,Text.\n,No id.,Text.\n")

    ran = run("analyze", papers)

    assert ran.exit_code == 1
    assert [a["abstract_id"] for a in lines(ran.stdout)] == ["1", "2", "3", "5"]
    assert f"{papers}:5: 2 fields; expected 3" in ran.stderr
    assert f"{papers}:7: no id" in ran.stderr
    assert "4 answered, 2 records could not be read" in ran.stderr


def test_a_label_that_only_training_would_mind_is_no_reason_to_leave_a_paper_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "papers.csv").write_text("id,title,category\n1,Lung cancer.,Review\n")

    assert run("analyze", tmp_path / "papers.csv").exit_code == 0


def test_what_is_there_twice_is_read_once_unless_its_text_differs(run: Run, papers: Path, server: Server) -> None:
    papers.write_text(papers.read_text() + "1,Lung cancer.,We asked.\n1,Another text.,\n")

    ran = run("analyze", papers, papers)

    assert ran.exit_code == 0
    assert sorted(asked(server)) == ["1", "1", "2", "3"]
    assert "4 answered, 6 duplicates left out" in ran.stderr


def test_the_summary_is_json_for_machines(run: Run, papers: Path, tmp_path: Path) -> None:
    papers.write_text(papers.read_text() + "4,only two\n")

    ran = run("analyze", papers, "-o", tmp_path / "answers.jsonl", "--json")

    summary = json.loads(ran.stdout)
    assert (summary["answered"], summary["failed"], summary["malformed"]) == (3, 0, {"malformed record": 1})
    assert summary["malformed_records"][0]["line"] == 5
    assert json.loads(run("analyze", papers, "--json").stderr.splitlines()[-1])["output"] is None


def test_pmids_are_fetched_from_options_and_from_files(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pmids.txt").write_text("12\n13\n")
    with efetch("11", "12", "13") as ncbi:
        monkeypatch.setenv("NCBI_EFETCH_URL", ncbi.url)
        ran = run("analyze", "--pmid", "11,99", "--pmid", tmp_path / "pmids.txt")

    assert ran.exit_code == 1
    assert {a["abstract_id"]: "error" not in a for a in lines(ran.stdout)} == {
        "11": True, "99": False, "12": True, "13": True,
    }  # fmt: skip


def test_a_refusal_of_ncbi_ends_the_run_as_one_of_the_service_does(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with efetch() as ncbi:
        ncbi.always = Answer(403)
        monkeypatch.setenv("NCBI_EFETCH_URL", ncbi.url)
        ran = run("analyze", "--pmid", "11")

    assert ran.exit_code == 3
    assert "NCBI refused the request with status 403" in ran.stderr


class TestResume:
    def test_what_is_answered_is_not_asked_about_again(
        self, run: Run, papers: Path, tmp_path: Path, server: Server
    ) -> None:
        run("analyze", papers, "-o", tmp_path / "answers.jsonl")
        papers.write_text(papers.read_text() + "4,On tumours.,\n")
        server.transport.requests.clear()

        ran = run("analyze", papers, "-o", tmp_path / "answers.jsonl", "--resume")

        assert ran.exit_code == 0
        assert asked(server) == ["4"]
        assert "4 answered, 3 of them by an earlier run" in ran.stderr
        assert len(lines((tmp_path / "answers.jsonl").read_text())) == 4

    def test_an_output_that_exists_is_not_touched_unasked(self, run: Run, papers: Path, tmp_path: Path) -> None:
        out = tmp_path / "answers.jsonl"
        out.write_text("mine\n")

        ran = run("analyze", papers, "-o", out)

        assert ran.exit_code == 2
        assert "--resume goes on with it, --overwrite begins anew" in " ".join(ran.stderr.replace("│", " ").split())
        assert out.read_text() == "mine\n"
        assert run("analyze", papers, "-o", out, "--resume").exit_code == 2
        assert out.read_text() == "mine\n"
        assert run("analyze", papers, "-o", out, "--overwrite").exit_code == 0
        assert len(lines(out.read_text())) == 3

    def test_a_service_that_breaks_off_leaves_what_was_answered_and_says_how_to_go_on(
        self, run: Run, papers: Path, tmp_path: Path, server: Server
    ) -> None:
        good = httpx.Response(200, content=json.dumps(read_words(Paper(id="1")).model_dump(mode="json")) + "\n")
        server.transport.first = [good, refusal(401), refusal(401)]

        ran = run("analyze", papers, "-o", tmp_path / "answers.jsonl", "--batch", "1", "--concurrency", "1")

        assert ran.exit_code == 3
        assert "the same command with --resume goes on from there" in ran.stderr
        assert [a["abstract_id"] for a in lines((tmp_path / "answers.jsonl").read_text())] == ["1"]


class TestMistakes:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["analyze"], "name files of papers"),
            (["analyze", "nowhere.csv"], "there is nothing at nowhere.csv"),
            (["analyze", "--pmid", "PMC12"], "'PMC12' is neither a PMID"),
            (["analyze", "PAPERS", "-o", "answers.xlsx"], "expected a file ending in .jsonl, .csv, .parquet"),
            (["analyze", "PAPERS", "--resume"], "need an output file"),
            (["analyze", "PAPERS", "--tasks", "summaries"], "'summaries' is not one of labels"),
            (["analyze", "PAPERS", "--url", "localhost"], "base_url must start with http"),
        ],
    )
    def test_a_mistake_in_the_command_is_named_with_status_2(
        self, run: Run, papers: Path, words: list[str], said: str
    ) -> None:
        ran = run(*[str(papers) if word == "PAPERS" else word for word in words])

        assert ran.exit_code == 2
        assert said in " ".join(ran.stderr.replace("│", " ").split())

    def test_an_output_that_cannot_be_written_is_status_2(self, run: Run, papers: Path, tmp_path: Path) -> None:
        (tmp_path / "answers.jsonl").mkdir()

        ran = run("analyze", papers, "-o", tmp_path / "answers.jsonl", "--resume")

        assert ran.exit_code == 2
        assert "Is a directory" in ran.stderr

    def test_nothing_to_read_is_status_2(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "papers.csv").write_text("name,price\nbread,2\n")

        ran = run("analyze", tmp_path / "papers.csv")

        assert ran.exit_code == 2
        assert "expected columns such as id, title, abstract" in ran.stderr

    def test_nobody_there_is_status_3_and_stands_in_no_later_runs_way(
        self, run: Run, papers: Path, tmp_path: Path
    ) -> None:
        words = ("analyze", papers, "-o", tmp_path / "answers.jsonl")
        ran = run(*words, "--url", "http://127.0.0.1:9")  # discard: nothing listens there

        assert ran.exit_code == 3
        assert "check that the service runs" in ran.stderr
        assert "--resume" not in ran.stderr
        assert run(*words).exit_code == 0
