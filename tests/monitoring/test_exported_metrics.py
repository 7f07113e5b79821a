"""What dashboards and alerts ask for is what the running service exports, in the eyes of a real Prometheus."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import generate_latest

from loadtest.processes import free_port
from streams.broker import Backlog
from streams.metrics import WorkerMetrics
from tests.monitoring.conftest import Observed
from tests.programs import program
from tools.monitoring.dashboards import DASHBOARDS
from tools.monitoring.metrics_used import asked_for, exported_by, missing
from tools.monitoring.rules import expressions, rules_file

QUESTIONS = [expr for dashboard in DASHBOARDS for expr in dashboard.expressions]
PAPERS = [{"id": str(n), "title": f"Asthma, part {n}", "abstract": "A case was seen. " * 40} for n in range(40)]

NOT_HERE = {
    "ray_vllm_": "there is no engine among simulated models; names are those that a real one exported",
    "pubserve_batch_tokens": "simulated models read one paper after the other",
    "pubserve_batch_rows": "likewise",
    "pubserve_batch_padding_ratio": "likewise",
    "pubserve_batches": "counted once there is a batch of the Batch API",
    "pubserve_batch_lines": "likewise",
    "pubserve_paper_warnings_total": "counted once a paper has a warning",
}
"""Beginnings of names that the simulated service does not export, and why."""


@pytest.fixture(scope="module")
def metrics(observed: Observed) -> list[str]:
    """What the service and Ray export once there was load: answers, a paper that is unreadable, refusals."""

    def ask(papers: list[dict[str, str]]) -> int:
        return httpx.post(f"{observed.url}/v1/analyze", json={"papers": papers}, timeout=60).status_code

    with ThreadPoolExecutor(24) as callers:
        statuses = set(callers.map(ask, [PAPERS] * 48))
    assert statuses == {200, 429}
    assert ask([PAPERS[0], {"id": "empty"}]) == 200
    assert httpx.get(f"{observed.url}/readyz", timeout=60).status_code == 200

    wanted = {name for expr in [*expressions(), *QUESTIONS] for name in asked_for(expr) if name.startswith("ray_")}
    ends_s = time.monotonic() + 90
    while True:  # Ray hands on what its processes count every few seconds
        texts = [httpx.get(url, timeout=30).text for url in (f"{observed.url}/metrics", observed.ray_metrics_url)]
        absent = {name for name in wanted - set(exported_by(*texts)) if not name.startswith("ray_vllm_")}
        if not absent or time.monotonic() > ends_s:
            return texts
        time.sleep(1)


def test_every_metric_and_label_that_is_asked_for_is_exported(metrics: list[str]) -> None:
    worker = WorkerMetrics()
    worker.observe(Backlog({"papers": 1}, {"papers": 1}))
    worker.settled.labels("answered")
    worker.dead_letters.labels("failed")
    worker.retries.labels("service_unavailable")
    exported = exported_by(*metrics, generate_latest(worker.registry).decode())

    findings = missing([*expressions(), *QUESTIONS], exported)

    assert not [finding for finding in findings if not finding.metric.startswith(tuple(NOT_HERE))]


def test_both_replicas_of_the_ingress_are_in_every_scrape(observed: Observed, metrics: list[str]) -> None:
    for _ in range(4):
        text = httpx.get(f"{observed.url}/metrics", timeout=30).text
        assert len(set(re.findall(r'pubserve_ready\{replica="(\w+)"\}', text))) == 2


def test_names_have_units_and_endings_as_prometheus_likes_them(metrics: list[str]) -> None:
    linted = subprocess.run(
        [program("promtool", package="prometheus"), "check", "metrics"],
        input=metrics[0], capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


@pytest.fixture(scope="module")
def prometheus(observed: Observed, metrics: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that scrapes the service and Ray every second, with our rules."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.json").write_text(json.dumps(rules_file()), encoding="utf-8")
    (folder / "prometheus.json").write_text(json.dumps(_configuration(observed)), encoding="utf-8")
    address = f"127.0.0.1:{free_port()}"
    server = subprocess.Popen(
        [
            program("prometheus", package="prometheus"), f"--config.file={folder / 'prometheus.json'}",
            f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}",
        ],
        stdout=subprocess.DEVNULL, stderr=(folder / "log").open("w"),
    )  # fmt: skip
    try:
        _wait_for_scrapes(f"http://{address}", folder / "log")
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(30)


def _configuration(observed: Observed) -> dict[str, Any]:
    targets = {"pubserve": observed.url, "ray": observed.ray_metrics_url}
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.json"],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [httpx.URL(url).netloc.decode()]}]}
            for job, url in targets.items()
        ],
    }


def _wait_for_scrapes(url: str, log: Path) -> None:
    ends_s = time.monotonic() + 60
    while time.monotonic() < ends_s:
        try:
            if len(_ask(url, "count_over_time(up[1m]) > 3 and up == 1")) == 2:
                return
        except (httpx.TransportError, ValueError):
            pass  # it listens, and is not ready
        time.sleep(0.5)
    pytest.fail(log.read_text(encoding="utf-8"))


def _ask(url: str, expr: str) -> list[Any]:
    answer = httpx.get(f"{url}/api/v1/query", params={"query": expr}).json()
    assert answer["status"] == "success", f"{expr}: {answer}"
    result: list[Any] = answer["data"]["result"]
    return result


def test_prometheus_takes_what_both_export_and_has_an_answer_to_each_question(prometheus: str) -> None:
    here = [
        expr for expr in QUESTIONS
        if not any(name.startswith((*NOT_HERE, "pubserve_worker_")) for name in asked_for(expr))
    ]  # fmt: skip

    unanswered = [expr for expr in here if not _ask(prometheus, expr)]

    assert len(here) > 40
    assert unanswered == []


def test_no_alert_fires_for_a_service_that_is_well(prometheus: str) -> None:
    firing = httpx.get(f"{prometheus}/api/v1/alerts").json()["data"]["alerts"]

    assert [alert["labels"]["alertname"] for alert in firing if alert["state"] == "firing"] == []
