"""Every example that people may copy runs: Python is executed, curl is replayed, JSON is what the contract says."""

import argparse
import ast
import asyncio
import inspect
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from pubserve.contract import Analysis
from serve.model_store.catalog import CATALOG_VARIABLE, Catalog
from tests.docs.pages import Command, Page, all_pages

WRITTEN_ADDRESS = "http://127.0.0.1:8000"
PAPERS_CSV = """id,title,abstract
1,Chemotherapy after resection of lung cancer.,We randomised 300 patients with lung cancer.
2,Inhaled steroids in children with asthma.,
"""


def pages_with(language: str) -> list[Page]:
    return [page for page in all_pages() if any(block.language == language for block in page.blocks)]


def curls() -> list[Command]:
    return [command for page in all_pages() for command in page.commands() if command.words[:1] == ["curl"]]


@pytest.fixture
def _a_folder_with_papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "papers.csv").write_text(PAPERS_CSV, encoding="utf-8")


@pytest.mark.usefixtures("_a_folder_with_papers")
@pytest.mark.parametrize("page", pages_with("python"), ids=str)
def test_python_runs(page: Page, service_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run one after the other, as a reader would run them."""
    monkeypatch.setenv("PUBSERVE_BASE_URL", service_url)
    names: dict[str, Any] = {"papers": [{"id": "1", "title": "Relapse of lung cancer."}]}
    for block in page.blocks:
        if block.language == "python":
            run(block.text.replace(WRITTEN_ADDRESS, service_url), str(block), names)


def run(source: str, name: str, names: dict[str, Any]) -> None:
    """Run a block, which may await as in a notebook."""
    code = compile(source, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, names))
    else:
        exec(code, names)


@pytest.mark.usefixtures("_a_folder_with_papers")
@pytest.mark.parametrize("command", curls(), ids=lambda command: command.where)
def test_curl_is_answered(command: Command, service_url: str) -> None:
    options = curl_options().parse_args(command.words[1:])
    headers = dict(header.split(": ", 1) for header in options.header)
    method = options.request or ("GET" if options.data is None else "POST")

    answer = httpx.request(
        method, options.url.replace(WRITTEN_ADDRESS, service_url), headers=headers, content=options.data
    )

    assert answer.is_success, answer.text


def curl_options() -> argparse.ArgumentParser:
    """The options of curl that the guides use."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-X", "--request")
    parser.add_argument("-d", "--data")
    for flag in ("-s", "-i", "-N"):
        parser.add_argument(flag, action="store_true")
    return parser


@pytest.fixture(scope="module")
def errors(service_url: str) -> list[dict[str, Any]]:
    """What the service says to the mistakes that the guides show."""
    with httpx.Client(base_url=service_url) as http:
        nothing = http.post("/v1/analyze", json={"papers": []})
        unknown = http.post("/v1/chat/completions", json={"model": "gpt-4", "messages": [{"role": "user"}]})
        empty = http.post("/v1/analyze", json={"papers": [{"id": "1", "title": "Asthma."}, {"id": "2"}]})
    return [nothing.json()["error"], unknown.json()["error"], empty.json()["results"][1]["error"]]


@pytest.mark.parametrize("page", pages_with("json"), ids=str)
def test_json_is_what_the_service_answers(page: Page, errors: list[dict[str, Any]]) -> None:
    for block in page.blocks:
        if block.language == "json":
            shown = json.loads(block.text)
            if "error" in shown:
                assert shown["error"] in errors, block
            else:
                Analysis.model_validate(shown)
                assert shown.keys() <= Analysis.model_fields.keys(), block


@pytest.mark.parametrize("page", pages_with("yaml"), ids=str)
def test_catalogues_are_read(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On top of the shipped one, as `PUBSERVE_CATALOG` puts them."""
    for block in page.blocks:
        if block.language == "yaml" and "models:" in block.text:
            own = tmp_path / "models.yaml"
            own.write_text(block.text, encoding="utf-8")
            monkeypatch.setenv(CATALOG_VARIABLE, str(own))

            assert yaml.safe_load(block.text)["models"].keys() <= Catalog.load().models.keys()
