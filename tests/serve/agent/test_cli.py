"""`pubserve agent` as its user meets it: words in; a report, complaints and an exit status out."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pubserve.cli.app import app
from pubserve.testing import MockTransport, refusal
from tests.client import http_service
from tests.client.efetch_server import Efetch
from tests.serve.agent.llm_server import Llm

Run = Callable[..., Result]

CSV = """id,title,abstract
1,Registry of lung cancer,"We followed lung cancer. In conclusion, it is rare."
2,Asthma at school,"We followed asthma. In conclusion, it is common."
"""


def unsure_of_registries(paper: Any) -> Any:
    """The first answer is wrong about registries, and knows that it may be."""
    analysis = MockTransport().read(paper)
    if "Registry" not in paper.title:
        return analysis
    scores = {"Cancer": 0.45, "Non-Cancer": 0.55}
    return analysis.model_copy(update={"predicted_labels": ["Non-Cancer"], "confidence_scores": scores})


@pytest.fixture
def service() -> Iterator[http_service.Server]:
    with http_service.serving(MockTransport(unsure_of_registries)) as server:
        yield server


@pytest.fixture
def run(service: http_service.Server, llm: Llm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `pubserve agent` in a folder with `papers.csv`."""
    monkeypatch.setenv("PUBSERVE_BASE_URL", service.url)
    monkeypatch.setenv("PUBSERVE_AGENT__STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PUBSERVE_AGENT__LLM_RETRIES", "0")
    monkeypatch.chdir(tmp_path)
    Path("papers.csv").write_text(CSV, encoding="utf-8")

    def run(*words: str) -> Result:
        llm_url = ["--llm-url", llm.url] if words[0] in ("run", "resume", "evaluate") else []
        return CliRunner().invoke(app, ["agent", *words, *llm_url])

    return run


def test_a_report_for_people(run: Run) -> None:
    done = run("run", "What is rare?", "--file", "papers.csv", "-o", "report.md")

    assert done.exit_code == 0, done.stderr
    assert "adjudicate" in done.stderr
    report = Path("report.md").read_text(encoding="utf-8")
    assert report.startswith("# What is rare?\n")
    assert "It is said: We followed lung cancer [1]" in report
    assert "| 1 | Registry of lung cancer | Cancer (was Non-Cancer) |" in report


def test_a_report_that_cannot_be_put_where_it_should_is_not_lost(run: Run) -> None:
    refused = run("run", "--file", "papers.csv", "--run-id", "mine", "-o", "nowhere/report.md")

    assert refused.exit_code == 2
    assert "`pubserve agent show mine` has the report" in " ".join(refused.stderr.split())


def test_a_report_for_machines(run: Run) -> None:
    done = run("run", "--file", "papers.csv", "--run-id", "mine", "--json")

    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert [reading["labels"] for reading in report["readings"]] == [["Cancer"], ["Non-Cancer"]]
    assert json.loads(run("show", "mine", "--json").stdout)["report"] == report


def test_papers_of_pubmed(run: Run, pubmed: Efetch) -> None:
    done = run("run", "--pmid", "30872385,1", "--json")

    assert done.exit_code == 1
    report = json.loads(done.stdout)
    assert [reading["paper_id"] for reading in report["readings"]] == ["30872385"]
    assert report["left_out"][0]["paper_id"] == "1"


def test_a_stop_for_approval(run: Run) -> None:
    waiting = run("run", "--file", "papers.csv", "--approve", "--run-id", "mine")

    assert waiting.exit_code == 4
    assert "1: Non-Cancer → Cancer" in waiting.stderr
    assert "pubserve agent resume mine --approve" in waiting.stderr
    assert "awaits_approval" in run("show").stdout
    assert "1: Non-Cancer → Cancer" in run("show", "mine").stdout
    done = run("resume", "mine", "--reject", "--json")
    assert json.loads(done.stdout)["readings"][0]["labels"] == ["Non-Cancer"]


def test_the_transcript_of_a_run(run: Run) -> None:
    run("run", "--file", "papers.csv", "--run-id", "mine", "--no-summary")

    shown = run("show", "mine").stdout

    assert [line.split()[1] for line in shown.splitlines()[1:7]] == [
        "fetch", "clean", "read", "check", "adjudicate", "approve",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["run", "Why?"], "name papers with --file or --pmid, or let --find look for some"),
        (["run", "--find", "5"], "Error: papers: `find` looks for papers by the question"),
        (["run", "--file", "nowhere.csv"], "there is nothing at nowhere.csv"),
        (["run", "--pmid", "PMC123"], "neither a PMID"),
        (["run", "--file", "papers.csv", "--run-id", "a b"], "run_id"),
        (["resume", "nobody"], "There is no run 'nobody'"),
        (["show", "nobody"], "There is no run 'nobody'"),
        (["evaluate", "papers.csv"], "has no papers labelled"),
        (["evaluate", "nowhere.csv"], "Invalid value for PAPERS: there is nothing at nowhere.csv"),
    ],
)
def test_wrong_usage_names_what_is_wrong(run: Run, words: list[str], problem: str) -> None:
    refused = run(*words)

    assert refused.exit_code == 2
    assert problem in " ".join(refused.stderr.split())


def test_an_endpoint_that_is_no_url_is_refused_before_the_run_begins(run: Run) -> None:
    refused = CliRunner().invoke(app, ["agent", "run", "--file", "papers.csv", "--llm-url", "gpu-host:8000"])

    assert refused.exit_code == 2
    assert "--llm-url: expected http://… or https://…, not 'gpu-host:8000'" in " ".join(refused.stderr.split())
    assert run("show").stdout == ""


def test_where_there_are_no_runs_it_says_how_to_begin_one(run: Run) -> None:
    shown = run("show")

    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "There are no runs yet; `pubserve agent run --help`" in " ".join(shown.stderr.split())


def test_a_service_that_is_not_there_is_said_in_sentences(run: Run) -> None:
    stopped = run("run", "--file", "papers.csv", "--run-id", "mine", "--url", "http://127.0.0.1:9")

    assert stopped.exit_code == 3
    assert "attempts failed. Hint: check that the service runs" in " ".join(stopped.stderr.split())


def test_records_that_cannot_be_read_are_named_and_the_rest_goes_on(run: Run) -> None:
    Path("papers.csv").write_text(f"{CSV}3,,\n", encoding="utf-8")

    done = run("run", "--file", "papers.csv", "--json")

    assert done.exit_code == 1
    assert "papers.csv:4: neither title nor abstract" in done.stderr
    assert len(json.loads(done.stdout)["readings"]) == 2


def test_a_service_that_is_away(run: Run, service: http_service.Server) -> None:
    service.transport.first = [refusal(401)]

    stopped = run("run", "--file", "papers.csv", "--run-id", "mine")

    assert stopped.exit_code == 3
    assert "Go on with: pubserve agent resume mine" in stopped.stderr
    assert run("resume", "mine").exit_code == 0


LABELLED = """id,title,abstract,label
1,Registry of lung cancer,We followed lung cancer for years.,Cancer
2,Registry of asthma,We followed asthma for years.,Non-Cancer
3,Asthma at school,We followed asthma at school.,Non-Cancer
"""


def test_second_readings_are_measured(run: Run) -> None:
    Path("papers.csv").write_text(LABELLED, encoding="utf-8")

    done = run("evaluate", "papers.csv", "--json")

    assert done.exit_code == 0, done.stderr
    measured = json.loads(done.stdout)
    assert (measured["accuracy_before"], measured["accuracy_after"]) == (0.6667, 1.0)
    assert (measured["mended"], measured["spoilt"]) == (1, 0)
    assert measured["adjudication"] == {"status": "done", "uncertain": 2, "changed": 1, "confirmed": 1, "kept": 0}


def test_second_readings_that_do_harm_are_an_error(run: Run, llm: Llm) -> None:
    Path("papers.csv").write_text(LABELLED, encoding="utf-8")
    honest = llm.answer

    def mistaken(schema: str, given: dict[str, Any]) -> Any:
        swapped = {"Registry of asthma": "Cancer", "Registry of lung cancer": "Non-Cancer"}
        said = honest(schema, given)
        return {**said, "label": swapped.get(given["title"], said["label"])}

    llm.answer = mistaken

    done = run("evaluate", "papers.csv")

    assert done.exit_code == 1
    assert "accuracy before 0.6667, after 0.3333" in done.stdout
    assert "0 mended, 1 spoilt" in done.stdout


def test_a_model_that_is_too_weak_changes_nothing(run: Run, llm: Llm) -> None:
    Path("papers.csv").write_text(LABELLED, encoding="utf-8")
    llm.answer = lambda schema, given: {"quote": "Cancer cancer cancer", "label": "Cancer"}

    measured = json.loads(run("evaluate", "papers.csv", "--json").stdout)

    assert measured["accuracy_before"] == measured["accuracy_after"]
    assert measured["adjudication"]["status"] == "model_too_weak"
    assert measured["adjudication"]["kept"] == 2
