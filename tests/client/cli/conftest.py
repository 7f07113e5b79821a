"""The command as its user meets it: words in; output, complaints and an exit status out."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pubserve.cli.app import app
from tests.client.http_service import Server, serving

Run = Callable[..., Result]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def run(server: Server, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command against `server`."""
    monkeypatch.setenv("PUBSERVE_BASE_URL", server.url)

    def run(*words: str | Path, **options: Any) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words], **options)

    return run


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """Three papers in CSV."""
    file = tmp_path / "papers.csv"
    file.write_text(
        "id,title,abstract\n1,Lung cancer.,We asked.\n2,Asthma.,We asked.\n3,Lymphoma.,\n", encoding="utf-8"
    )
    return file


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
