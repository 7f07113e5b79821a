"""Deploying, with a kubectl that writes down what it is asked; what a cluster makes of it is not tested here."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from tests.k8s.conftest import overlay, rendered
from tools.k8s import deploy as steps
from tools.k8s.__main__ import cli
from tools.k8s.deploy import Cluster, DeployError, ask, keep, needed_crds, needed_secrets


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubectl in a folder where each test says what it answers."""
    path = tmp_path / "kubectl"
    monkeypatch.setattr(steps, "kubectl", lambda: str(path))
    return path


def answers(kubectl: Path, script: str) -> Cluster:
    kubectl.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    kubectl.chmod(0o755)
    return Cluster(say=lambda _: None)


def test_a_dry_run_says_every_step_and_runs_none(kubectl: Path, tmp_path: Path) -> None:
    said: list[str] = []

    steps.deploy(Cluster(said.append, dry_run=True), overlay("gpu-ha"), previous=tmp_path / "previous.yaml", port=1)

    verbs = [line.split()[1] for line in said]
    assert verbs.index("get") < verbs.index("apply") < verbs.index("wait") < verbs.index("port-forward")
    assert "kubectl get secret pubserve-api-keys pubserve-redis -n pubserve" in said
    assert list(tmp_path.iterdir()) == []


def test_what_an_overlay_needs_is_read_from_its_manifests() -> None:
    assert needed_crds(rendered("cpu-dev")) == ["rayservices.ray.io"]
    assert "podmonitors.monitoring.coreos.com" in needed_crds(rendered("gpu"))
    assert needed_secrets(rendered("cpu-dev")) == []  # the hub's token is optional
    assert needed_secrets(rendered("gpu")) == ["pubserve-api-keys"]
    assert needed_secrets(rendered("gpu-ha")) == ["pubserve-api-keys", "pubserve-redis"]


def test_a_missing_operator_ends_it_before_anything_is_changed(kubectl: Path, tmp_path: Path) -> None:
    cluster = answers(kubectl, f'echo "$@" >> {tmp_path}/asked; [ "$1" = get ] && echo "not found" >&2 && exit 1')

    with pytest.raises(DeployError, match=r"rayservices\.ray\.io: not found"):
        steps.deploy(cluster, overlay("cpu-dev"), previous=tmp_path / "previous.yaml", port=1)

    assert (tmp_path / "asked").read_text(encoding="utf-8") == "get crd rayservices.ray.io\n"


def test_what_runs_is_kept_for_a_rollback(kubectl: Path, tmp_path: Path) -> None:
    keep(answers(kubectl, '[ "$1" = get ] && echo rayservice/pubserve || echo "kind: RayService"'), tmp_path / "kept")
    assert (tmp_path / "kept").read_text(encoding="utf-8") == "kind: RayService\n"


def test_where_nothing_runs_nothing_is_kept_and_a_rollback_says_so(kubectl: Path, tmp_path: Path) -> None:
    keep(answers(kubectl, "exit 0"), tmp_path / "kept")
    assert not (tmp_path / "kept").exists()

    failed = CliRunner().invoke(cli, ["rollback", "--previous", str(tmp_path / "kept")])

    assert failed.exit_code == 1
    assert "nothing was running" in failed.output


@contextmanager
def _service(diseases: str, ready: int = 200, key: str | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(ready, b"{}")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            known = key is None or self.headers["authorization"] == f"Bearer {key}"
            self._answer(200 if known else 401, b'{"results": [{"extracted_diseases": ["%s"]}]}' % diseases.encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_smoke_test_wants_models_that_answer_and_the_right_disease() -> None:
    with _service("Asthma") as url:
        ask(url)
    with _service("Lung Cancer") as url, pytest.raises(DeployError, match="roll back"):
        ask(url)
    with _service("Asthma", ready=503) as url, pytest.raises(DeployError, match="does not answer"):
        ask(url)


def test_the_smoke_test_sends_the_key_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with _service("Asthma", key="ps_1") as url:
        with pytest.raises(DeployError, match="set PUBSERVE_API_KEY"):
            ask(url)
        monkeypatch.setenv("PUBSERVE_API_KEY", "ps_1")
        ask(url)
