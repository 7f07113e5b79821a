"""The running service as those who operate it see it."""

import json

import httpx

from pubserve import Client
from tests.e2e.conftest import ASTHMA, CANCER, RunningService


def test_it_is_alive_ready_and_documented(service: RunningService) -> None:
    assert httpx.get(f"{service.url}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{service.url}/readyz").json()
    assert ready["models"]["extractor"].startswith("disease-tagger@")
    assert httpx.get(f"{service.url}/docs").status_code == 200
    assert "/v1/analyze" in httpx.get(f"{service.url}/openapi.json").json()["paths"]


def test_the_metrics_tell_what_the_models_did(service: RunningService, client: Client) -> None:
    before = service.metric('pubserve_papers_total{outcome="ok"}')

    client.analyze([CANCER, ASTHMA])

    assert service.metric('pubserve_papers_total{outcome="ok"}') == before + 2
    for name in (
        'pubserve_stage_seconds_sum{stage="classify"}',
        'pubserve_stage_seconds_sum{stage="extract"}',
        'pubserve_batch_tokens_sum{stage="classify"}',
        'pubserve_batch_tokens_sum{stage="extract"}',
        'pubserve_tokens_total{kind="prompt",stage="extract"}',
    ):
        assert service.metric(name) > 0


def test_every_stage_has_a_timing(service: RunningService) -> None:
    papers = [ASTHMA.model_dump()]

    answer = httpx.post(f"{service.url}/v1/analyze", json={"papers": papers}, timeout=60)

    durations = dict(part.strip().split(";dur=") for part in answer.headers["server-timing"].split(","))
    assert set(durations) == {"receive", "queue", "classify", "extract", "write", "total"}
    assert float(durations["total"]) >= float(durations["extract"]) > 0


def test_the_logs_name_the_request_and_never_quote_the_paper(service: RunningService) -> None:
    secret = "xyzzyitis"
    headers = {"x-request-id": "request-to-look-for"}
    body = {"papers": [{"id": "1", "title": f"On {secret}", "abstract": f"A case of {secret}."}]}

    httpx.post(f"{service.url}/v1/analyze", json=body, headers=headers, timeout=60)
    httpx.post(f"{service.url}/v1/analyze", content=f'{{"papers": [{secret}', headers=headers, timeout=60)

    lines = [
        line
        for path in service.log_dir.parent.rglob("*")
        if path.is_file()
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
    ]
    assert not [line for line in lines if secret in line]
    events = [json.loads(line) for line in lines if line.startswith("{") and "request-to-look-for" in line]
    assert {(e["event"], e["route"], e["status"]) for e in events} >= {
        ("request", "/v1/analyze", 200),
        ("request", "/v1/analyze", 400),
    }
