"""`pubserve worker` as it is typed."""

import json
import logging
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from typer.testing import CliRunner

from loadtest.processes import free_port
from streams.cli import cli
from tests.streams.processes import Processes, wait_until

REDIS = "redis://127.0.0.1:6379/0"
STREAMS = ("--from", "papers", "--to", "analyses")


@pytest.fixture(autouse=True)
def _root_logger_as_it_was() -> Iterator[None]:
    """The command sets it up for a process of its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path)
    yield processes
    processes.stop()


def test_help_teaches_by_example() -> None:
    said = CliRunner().invoke(cli, ["--help"]).output

    assert "worker redis://127.0.0.1:6379/0 --from papers --to analyses" in said
    assert "kafka://" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((REDIS, "--from", "papers"), "--to"),
        (("amqp://host", *STREAMS), "URL: expected redis://host:6379/0 or kafka://host:9092"),
        ((REDIS, "--from", "papers", "--to", "papers"), "three different streams"),
        ((REDIS, *STREAMS, "--batch-papers", "0"), "--batch-papers: Input should be greater than or equal to 1"),
        ((REDIS, *STREAMS, "--metrics-port", "1000000"), "--metrics-port: Input should be less than or equal to 65535"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_named(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(cli, list(words), env={"COLUMNS": "500"})

    assert result.exit_code == 2
    assert said in result.output


def test_a_mistake_in_the_environment_is_named_by_its_variable() -> None:
    result = CliRunner().invoke(cli, [REDIS, *STREAMS], env={"PUBSERVE_WORKER_MAX_ATTEMPTS": "0", "COLUMNS": "500"})

    assert result.exit_code == 2
    assert "PUBSERVE_WORKER_MAX_ATTEMPTS: Input should be greater than or equal to 1" in result.output


def test_a_password_is_never_said() -> None:
    result = CliRunner().invoke(cli, ["rabbit://me:secret@host", *STREAMS])

    assert result.exit_code == 2
    assert "secret" not in result.output


def test_a_mistake_in_where_the_service_is_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSERVE_BASE_URL", "localhost:8000")

    result = CliRunner().invoke(cli, [REDIS, *STREAMS], env={"COLUMNS": "500"})

    assert result.exit_code == 2
    assert "PUBSERVE_BASE_URL" in result.output


def test_a_broker_that_refuses_ends_it_with_why(redis_url: str) -> None:
    result = CliRunner().invoke(cli, [redis_url.replace("//", "//nobody:wrong@"), *STREAMS])

    assert result.exit_code == 3
    assert "refuses the password" in result.output


def test_a_worker_answers_tells_prometheus_and_ends_with_0_when_it_is_told_to(
    processes: Processes, redis_url: str
) -> None:
    client = Redis.from_url(redis_url, decode_responses=True)
    client.xadd("papers", {"paper": json.dumps({"id": "1", "title": "Relapse of lung cancer."})})
    client.xadd("papers", {"paper": "no JSON"})
    processes.service()
    port = free_port()
    worker = processes.worker(redis_url, metrics_port=port, metrics_host="127.0.0.1", name="one")

    wait_until(lambda: client.xlen("analyses") == 1 and client.xlen("papers.dead") == 1)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        metrics = answer.read().decode()
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(60) == 0, processes.said()
    [(_, fields)] = _entries(client, "analyses")
    assert json.loads(fields["analysis"])["predicted_labels"] == ["Cancer"]
    assert 'pubserve_worker_dead_letters_total{reason="not_json"} 1.0' in metrics
    assert _entries(client, "papers.dead")[0][1]["dead_reason"] == "not_json"
    events = [json.loads(line) for line in processes.said().splitlines() if line.startswith("{")]
    assert {"worker_started", "message_dead", "worker_stopped"} <= {event["event"] for event in events}
    assert {event["worker"] for event in events} == {"one"}


def _entries(client: Any, stream: str) -> list[Any]:
    return list(client.xrange(stream))
