"""The service at a glance, and the two figures it keeps itself: throughput, and what Ray says of the replicas."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from pubserve.contract import Paper, Task
from serve.ask import Ask
from serve.deployments import Deployments, DeploymentStatus, deployments_on_ray
from serve.errors import TooBusy
from serve.papers import UnusablePaper
from serve.service import Service
from serve.settings import Settings
from serve.status import StatusBoard
from serve.throughput import Throughput
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

CLASSIFIER = DeploymentStatus(name="Classifier", status="HEALTHY", replicas_running=2, replicas_target=3)


@pytest.fixture
def service(settings: Settings, models: InstantModels) -> Service:
    return Service(settings, models)


async def read(service: Service, *papers: Paper | UnusablePaper) -> None:
    async for _ in service.run(papers, [Task.LABELS, Task.DISEASES], Ask(deadline_s=5)):
        pass


async def test_a_service_without_ray_has_models_and_no_deployments(service: Service) -> None:
    status = await StatusBoard(service).read()

    assert status.ready
    assert status.reason is None
    assert (status.models.classifier, status.models.extractor) == ("classifier@1", "extractor@2")
    assert status.deployments == []
    assert status.version
    assert status.uptime_s >= 0


async def test_papers_are_counted_by_what_became_of_them(service: Service) -> None:
    board = StatusBoard(service)

    await read(service, Paper(id="1", title="On asthma"), Paper(id="2", title="Lung cancer"), Paper(id="3"))

    status = await board.read()
    assert (status.papers.answered, status.papers.failed, status.papers.tokens_in_flight) == (2, 1, 0)
    assert status.papers.tokens_limit == service.papers.limit
    assert status.papers.per_s > 0
    assert status.paper_errors == {"unreadable_paper": 1}
    assert status.stage_mean_s == {"classify": 0.002, "extract": 0.004}


async def test_refusals_are_counted_by_their_code(service: Service) -> None:
    with service.papers.admit(service.papers.limit), pytest.raises(TooBusy):
        await read(service, Paper(id="1", title="On asthma"))

    assert (await StatusBoard(service).read()).refused == {"too_busy": 1}


async def test_requests_for_work_are_told_apart_by_how_they_went_and_from_questions(service: Service) -> None:
    for route, status, count in (
        ("/v1/analyze", 200, 6),
        ("/v1/analyze", 429, 1),
        ("/predict", 503, 1),
        ("/predict", 500, 2),
        ("/readyz", 503, 50),
    ):
        service.metrics.requests.labels(route, status).inc(count)

    requests = (await StatusBoard(service).read()).requests

    assert (requests.answered, requests.error_ratio, requests.refused_ratio) == (10, 0.2, 0.2)


async def test_how_long_answers_take_is_said_for_each_priority(service: Service) -> None:
    for seconds in (0.02, 0.04, 0.04, 3):
        service.metrics.answer_seconds.labels("interactive").observe(seconds)

    status = await StatusBoard(service).read()

    assert 0.025 < status.answer_p50_s["interactive"] <= 0.05
    assert 2.5 < status.answer_p95_s["interactive"] <= 5
    assert "bulk" not in status.answer_p50_s


async def test_how_much_the_cache_saves_is_said_where_it_was_asked(service: Service) -> None:
    assert (await StatusBoard(service).read()).cache_hit_ratio is None

    service.metrics.cache.labels("classify", "hit").inc(3)
    service.metrics.cache.labels("extract", "miss").inc(1)

    assert (await StatusBoard(service).read()).cache_hit_ratio == 0.75


async def test_what_is_in_work_is_in_flight(service: Service) -> None:
    with service.papers.admit(7):
        assert (await StatusBoard(service).read()).papers.tokens_in_flight == 7


async def test_a_service_that_is_not_ready_says_why(service: Service, models: InstantModels) -> None:
    models.fail_on = "Warm-up"

    status = await StatusBoard(service).read()

    assert not status.ready
    assert status.reason == "The extractor could not read this paper."
    assert status.models.classifier is None


async def test_models_that_do_not_answer_do_not_hold_the_status_up(
    service: Service, models: InstantModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.status.READY_WITHIN_S", 0.02)
    models.stall_on = "Warm-up"

    status = await StatusBoard(service).read()

    assert not status.ready
    assert status.reason
    assert "loading" in status.reason


async def test_the_throughput_is_watched_also_while_nobody_asks(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.status.SAMPLE_EVERY_S", 0.001)
    board = StatusBoard(service)
    sampled: list[float] = []
    monkeypatch.setattr(board._throughput, "sample", lambda: sampled.append(1.0))

    async with board.sampling():
        while len(sampled) < 3:  # noqa: ASYNC110  (the sampler is what is waited for)
            await asyncio.sleep(0.001)
    after = len(sampled)
    await asyncio.sleep(0.02)

    assert len(sampled) == after


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def sampled(counts: list[float], every_s: float = 1.0) -> float:
    """The throughput after these counts, the first of them at the start."""
    clock, values = Clock(), iter(counts)
    throughput = Throughput(lambda: next(values), clock)
    for _ in counts[1:]:
        clock.now_s += every_s
        throughput.sample()
    return throughput.per_s


def test_the_throughput_is_growth_over_time() -> None:
    assert sampled([0, 5, 20]) == 10.0


def test_the_throughput_knows_the_last_minute_only() -> None:
    assert sampled([0, 100_000, *[100_000] * 59]) > 0
    assert sampled([0, 100_000, *[100_000] * 60]) == 0.0
    assert sampled([0, 6, 12], every_s=60) == pytest.approx(0.1)


def test_one_sample_is_no_throughput() -> None:
    assert sampled([7]) == 0.0


def test_a_process_that_is_no_replica_has_no_deployments() -> None:
    assert deployments_on_ray() == []


async def test_ray_is_asked_once_however_many_ask() -> None:
    asked: list[int] = []

    def ask() -> list[DeploymentStatus]:
        asked.append(1)
        return [CLASSIFIER]

    deployments = Deployments(ask)

    answers = await asyncio.gather(*(deployments.read() for _ in range(20)))

    assert answers == [[CLASSIFIER]] * 20
    assert len(asked) == 1


async def test_what_was_known_is_kept_while_ray_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.deployments.MAX_AGE_S", -1)
    answers: list[Callable[[], list[DeploymentStatus]]] = [lambda: [CLASSIFIER], lambda: 1 / 0]  # type: ignore[list-item,return-value]
    deployments = Deployments(lambda: answers.pop(0)())

    assert await deployments.read() == [CLASSIFIER]
    assert await deployments.read() == [CLASSIFIER]
    assert answers == []


async def test_a_ray_that_hangs_holds_nobody_up_and_is_asked_no_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.deployments.ANSWER_WITHIN_S", 0.02)
    monkeypatch.setattr("serve.deployments.MAX_AGE_S", -1)
    free, asked = threading.Event(), 0

    def ask() -> list[DeploymentStatus]:
        nonlocal asked
        asked += 1
        free.wait()
        return [CLASSIFIER]

    deployments = Deployments(ask)

    assert await deployments.read() == []
    assert await deployments.read() == []
    assert asked == 1
    free.set()
    monkeypatch.setattr("serve.deployments.ANSWER_WITHIN_S", 60)
    assert await deployments.read() == [CLASSIFIER]
