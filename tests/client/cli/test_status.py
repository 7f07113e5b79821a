"""`pubserve status`: what a service says of itself, and what can be learnt of one that says less."""

import json

import httpx
import pytest

from tests.client.cli.conftest import Run
from tests.client.http_service import Server

WELL = {
    "ready": True,
    "reason": None,
    "version": "1.2.3",
    "uptime_s": 4000.4,
    "models": {"classifier": "cancer-classifier@1", "extractor": "disease-tagger@2"},
    "deployments": [
        {"name": "Tagger", "status": "UPSCALING", "message": "[waits]", "replicas_running": 1, "replicas_target": 3}
    ],
    "papers": {"tokens_in_flight": 1234, "tokens_limit": 400000, "answered": 54321, "failed": 7, "per_s": 20.25},
    "requests": {"answered": 4321, "error_ratio": 0.001, "refused_ratio": 0.02},
    "answer_p50_s": {"interactive": 0.08, "bulk": 30.0},
    "answer_p95_s": {"interactive": 0.2135, "bulk": 41.0},
    "cache_hit_ratio": 0.37,
    "refused": {"too_busy": 3},
    "paper_errors": {"unreadable_paper": 7},
    "stage_mean_s": {"classify": 0.03},
}


def says(server: Server, *answers: httpx.Response) -> None:
    server.transport.first = list(answers)


def test_a_service_in_good_health_is_shown_at_a_glance(run: Run, server: Server) -> None:
    says(server, httpx.Response(200, json=WELL))

    ran = run("status")

    assert ran.exit_code == 0
    for said in (
        f"{server.url}  ready",
        "cancer-classifier@1",
        "1 of 3 replicas, upscaling: [waits]",
        "1,234 of at most 400,000 tokens",
        "54,321, and 7 failed",
        "20.2 papers a second",
        "interactive 0.08 s to answer a request (median), 0.213 s (95th percentile)",
        "bulk 30 s to answer",
        "37% of readings were remembered",
        "4,321 requests, 0.10% in error, 2.00% refused",
        "3 too_busy",
        "7 unreadable_paper",
        "4,000 s, version 1.2.3",
    ):
        assert " ".join(said.split()) in " ".join(ran.stdout.split())
    assert "\x1b" not in ran.stdout


def test_json_is_what_the_service_said(run: Run, server: Server) -> None:
    says(server, httpx.Response(200, json=WELL))

    assert json.loads(run("status", "--json").stdout) == WELL


def test_one_that_is_not_ready_is_status_1_with_the_reason(run: Run, server: Server) -> None:
    says(server, httpx.Response(200, json={"ready": False, "reason": "The models are loading."}))

    ran = run("status")

    assert ran.exit_code == 1
    assert "not ready: The models are loading." in ran.stdout


def test_what_another_version_does_not_say_is_left_out(run: Run, server: Server) -> None:
    says(server, httpx.Response(200, json={"ready": True, "papers": {"per_s": 2.0}}))

    ran = run("status")

    assert ran.exit_code == 0
    assert [line.split()[0] for line in ran.stdout.splitlines()] == [server.url, "throughput"]


@pytest.mark.parametrize(("readyz", "status"), [(200, 0), (503, 1)])
def test_a_service_without_that_route_is_asked_whether_it_is_ready(
    run: Run, server: Server, readyz: int, status: int
) -> None:
    says(server, httpx.Response(404), httpx.Response(readyz, json={"models": {"classifier": "c@1"}}))

    assert run("status").exit_code == status
    assert [request.url.path for request in server.transport.requests] == ["/v1/status", "/readyz"]


def test_a_service_that_starts_can_be_waited_for(run: Run, server: Server) -> None:
    says(server, httpx.Response(200, json={"ready": False}), httpx.Response(200, json=WELL))

    assert run("status", "--wait", "30").exit_code == 0


def test_nobody_there_is_status_3_with_what_to_do(run: Run, server: Server) -> None:
    server.server_close()

    ran = run("status")

    assert ran.exit_code == 3
    assert "`pubserve serve` starts it" in ran.stderr
