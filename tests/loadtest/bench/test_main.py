"""The commands."""

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from loadtest.bench.__main__ import app

QUICK = ["--peer", "fastapi-echo", "--quick", "--budget-s", "0.2"]


def invoke(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    return result.exit_code, result.output


def test_a_run_leaves_measurements_and_a_report(papers_file: Path, tmp_path: Path) -> None:
    where = ["--runs", tmp_path / "runs", "--out", tmp_path / "report"]
    status, said = invoke("run", papers_file, *QUICK, *where)
    assert status == 0, said
    report = json.loads((tmp_path / "report" / "report.json").read_bytes())
    assert report["circumstances"]["seconds per load"] == "0.2"
    assert [section["heading"] for section in report["sections"]] == ["Aims", "HTTP without models", "Peers"]


def test_other_papers_need_another_folder_for_their_runs(papers_file: Path, tmp_path: Path) -> None:
    where = ["--runs", tmp_path / "runs", "--out", tmp_path / "report"]
    invoke("run", papers_file, *QUICK, *where)
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_text(papers_file.read_text(encoding="utf-8").split("\n")[0], encoding="utf-8")
    status, said = invoke("run", fewer, *QUICK, *where)
    assert status == 1
    assert "another papers; name another folder with --runs" in said


def test_no_papers_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "papers.jsonl").write_text("")
    status, said = invoke("run", tmp_path / "papers.jsonl", *QUICK)
    assert status == 1
    assert "There are no papers" in said


def test_a_profile_is_a_flame_graph(papers_file: Path, tmp_path: Path) -> None:
    svg = tmp_path / "profile.svg"
    command = ["-m", "loadtest.bench", "profile", str(papers_file), "--peer", "fastapi-echo", "--budget-s", "2"]
    ended = subprocess.run([sys.executable, *command, "--out", str(svg)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "uvicorn" in svg.read_text(encoding="utf-8")
