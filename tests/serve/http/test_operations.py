"""What those who run the service look at."""

import json

import httpx
import pytest

from pubserve.contract import ModelNames
from serve.service import Service
from serve.settings import Settings
from tests.serve.conftest import InstantModels
from tests.serve.http.test_papers import PAPER, error_of

pytestmark = pytest.mark.anyio


async def test_a_living_process_is_healthy_even_while_it_drains(http: httpx.AsyncClient, service: Service) -> None:
    service.drain()

    assert (await http.get("/healthz")).json() == {"status": "ok"}


async def test_ready_means_that_both_models_answered_a_paper(http: httpx.AsyncClient, models: InstantModels) -> None:
    answer = await http.get("/readyz")

    assert answer.json() == {"status": "ready", "models": {"classifier": "classifier@1", "extractor": "extractor@2"}}
    assert models.calls == [1]


async def test_a_model_that_does_not_answer_makes_it_unready(http: httpx.AsyncClient, models: InstantModels) -> None:
    models.fail_on = "Warm-up"

    answer = await http.get("/readyz")

    assert error_of(answer)[0] == 503
    assert "retry-after" in answer.headers


async def test_it_is_ready_once_the_model_answers_again(http: httpx.AsyncClient, models: InstantModels) -> None:
    models.fail_on = "Warm-up"
    assert (await http.get("/readyz")).status_code == 503

    models.fail_on = None

    assert (await http.get("/readyz")).status_code == 200


async def test_a_first_paper_that_takes_longer_than_a_check_is_not_begun_anew(
    http: httpx.AsyncClient, models: InstantModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.service.READY_CHECK_TIMEOUT_S", 0.02)
    models.stall_on, models.stall_s = "Warm-up", 0.1

    answers = [(await http.get("/readyz")).status_code]
    while answers[-1] != 200 and len(answers) < 100:
        answers.append((await http.get("/readyz")).status_code)

    assert answers[0] == 503
    assert answers[-1] == 200
    assert models.calls == [1]
    assert models.cancelled == 0


async def test_models_that_may_scale_to_zero_are_not_woken_by_the_question(
    settings: Settings, models: InstantModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    async def names() -> ModelNames:
        nonlocal asked
        asked += 1
        return ModelNames(classifier="classifier@1", extractor="extractor@2")

    monkeypatch.setattr(models, "names", names)
    at_rest = settings.classifier.scaling.model_copy(update={"min_replicas": 0})
    classifier = settings.classifier.model_copy(update={"scaling": at_rest})
    service = Service(settings.model_copy(update={"classifier": classifier}), models)
    first = await service.ready()
    asked_first = asked

    assert [await service.ready() for _ in range(3)] == [first] * 3
    assert asked == asked_first


async def test_a_draining_service_is_not_ready(http: httpx.AsyncClient, service: Service) -> None:
    service.drain()

    assert error_of(await http.get("/readyz"))[0] == 503


async def test_whether_it_is_ready_is_a_metric(http: httpx.AsyncClient, service: Service) -> None:
    await http.get("/readyz")
    assert "pubserve_ready 1.0" in (await http.get("/metrics")).text.splitlines()

    service.drain()
    await http.get("/readyz")
    assert "pubserve_ready 0.0" in (await http.get("/metrics")).text.splitlines()


async def test_metrics_count_papers_stages_batches_and_refusals(http: httpx.AsyncClient, service: Service) -> None:
    await http.post("/v1/analyze", json={"papers": [PAPER, {"id": "2"}]})
    with service.papers.admit(10_000):
        await http.post("/v1/analyze", json={"papers": [PAPER]})

    lines = (await http.get("/metrics")).text.splitlines()

    for line in (
        'pubserve_papers_total{outcome="ok"} 1.0',
        'pubserve_papers_total{outcome="failed"} 1.0',
        'pubserve_paper_errors_total{code="unreadable_paper"} 1.0',
        'pubserve_stage_seconds_count{stage="classify"} 1.0',
        'pubserve_stage_queue_seconds_count{stage="extract"} 1.0',
        'pubserve_batch_tokens_count{stage="classify"} 1.0',
        'pubserve_batch_padding_ratio_count{stage="classify"} 1.0',
        'pubserve_tokens_total{kind="completion",stage="extract"} 5.0',
        'pubserve_refused_total{code="too_busy"} 1.0',
        'pubserve_requests_total{route="/v1/analyze",status="429"} 1.0',
        'pubserve_in_flight{unit="tokens"} 0.0',
        'pubserve_in_flight_limit{unit="tokens"} 10000.0',
        'pubserve_answer_seconds_count{priority="interactive"} 1.0',
    ):
        assert line in lines


async def test_an_unknown_path_is_a_404_and_adds_no_label_of_its_own(http: httpx.AsyncClient) -> None:
    assert error_of(await http.get("/nope/123")) == (404, "not_found", None)

    metrics = (await http.get("/metrics")).text
    assert 'route="unmatched",status="404"' in metrics
    assert "nope" not in metrics


async def test_a_wrong_method_is_a_405(http: httpx.AsyncClient) -> None:
    assert error_of(await http.get("/v1/analyze")) == (405, "method_not_allowed", None)


async def test_the_documentation_describes_papers_and_errors(http: httpx.AsyncClient) -> None:
    api = (await http.get("/openapi.json")).json()

    assert (await http.get("/docs")).status_code == 200
    assert "Paper" in api["components"]["schemas"]
    assert set(api["paths"]["/v1/analyze"]["post"]["responses"]) >= {"200", "400", "413", "422", "429", "503", "504"}


async def test_logs_carry_the_request_id_and_never_the_text(
    http: httpx.AsyncClient, models: InstantModels, capsys: pytest.CaptureFixture[str]
) -> None:
    models.classify_error = RuntimeError("boom")

    await http.post("/v1/analyze", json={"papers": [PAPER]}, headers={"x-request-id": "abc"})

    written = capsys.readouterr().err
    events = [json.loads(line) for line in written.splitlines()]
    assert {"stage_failed", "request"} <= {event["event"] for event in events}
    assert {event["request_id"] for event in events} == {"abc"}
    assert "Asthma" not in written
