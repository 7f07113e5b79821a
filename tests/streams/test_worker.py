"""A worker on a real Redis: batches, what is whose fault, and how it leaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from pubserve import AsyncClient
from pubserve.contract import Analysis, ErrorBody, Failure, Paper, Result
from pubserve.testing import MockTransport, read_words, refusal
from streams.metrics import WorkerMetrics
from streams.reading import Reading
from streams.redis_streams import RedisStreams
from streams.settings import WorkerSettings
from streams.worker import Worker
from tests.redis_server import RedisServer, running
from tests.streams.conftest import MakeSettings

pytestmark = pytest.mark.anyio

POLL_S = 0.01
WITHIN_S = 180.0

Start = Callable[[WorkerSettings], Any]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        yield redis


@pytest.fixture
def working(client: AsyncClient, metrics: WorkerMetrics) -> Start:
    """A worker for the length of a block; then it is stopped, and has ended well."""

    @asynccontextmanager
    async def start(settings: WorkerSettings) -> AsyncIterator[Worker]:
        worker = Worker(settings, RedisStreams(settings), Reading(client, settings, metrics), metrics)
        run = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            worker.stop()
            await asyncio.wait_for(run, WITHIN_S)

    return start


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await happened():  # noqa: ASYNC110 (another program makes it happen)
            await asyncio.sleep(POLL_S)


async def send(redis: Any, settings: WorkerSettings, *titles: str, **more: Any) -> None:
    for number, title in enumerate(titles):
        await redis.xadd(settings.source, {"paper": json.dumps({"id": f"p{number}", "title": title, **more})})


def count(metrics: WorkerMetrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"pubserve_worker_{name}", labels) or 0.0


async def answers(redis: Any, settings: WorkerSettings) -> list[dict[str, Any]]:
    return [json.loads(fields["analysis"]) for _, fields in await redis.xrange(settings.output)]


async def dead(redis: Any, settings: WorkerSettings) -> list[tuple[str, str]]:
    return [(fields["dead_reason"], fields["dead_detail"]) for _, fields in await redis.xrange(settings.dead_letters)]


async def test_papers_of_many_messages_travel_together(
    working: Start, make_settings: MakeSettings, redis: Any, service: MockTransport, metrics: WorkerMetrics
) -> None:
    settings = make_settings(batch_papers=10, batch_wait_s=5)
    await send(redis, settings, *(f"Lung cancer {number}." for number in range(20)))

    async with working(settings):
        await until(lambda: _length(redis, settings.output, 20))

    assert [len(json.loads(request.content)["papers"]) for request in service.requests] == [10, 10]
    assert count(metrics, "messages_total", outcome="answered") == 20
    assert {request.headers["x-priority"] for request in service.requests} == {"bulk"}


async def test_a_batch_does_not_wait_for_ever(working: Start, settings: WorkerSettings, redis: Any) -> None:
    await send(redis, settings, "Lung cancer.")

    async with working(settings):
        await until(lambda: _length(redis, settings.output, 1))

    assert [answer["predicted_labels"] for answer in await answers(redis, settings)] == [["Cancer"]]


async def test_what_is_asked_differently_is_asked_apart(
    working: Start, settings: WorkerSettings, redis: Any, service: MockTransport
) -> None:
    await send(redis, settings, "Asthma.")
    await send(redis, settings, "Asthma.", tasks=["topics"])

    async with working(settings):
        await until(lambda: _length(redis, settings.output, 2))

    asked = [json.loads(request.content)["tasks"] for request in service.requests]
    assert sorted(asked) == [["labels", "diseases"], ["topics"]]


async def test_two_papers_of_one_id_are_both_answered(working: Start, settings: WorkerSettings, redis: Any) -> None:
    await send(redis, settings, "Asthma.")
    await send(redis, settings, "Lung cancer.")

    async with working(settings):
        await until(lambda: _length(redis, settings.output, 2))

    labels = {(answer["abstract_id"], *answer["predicted_labels"]) for answer in await answers(redis, settings)}
    assert labels == {("p0", "Cancer"), ("p0", "Non-Cancer")}


async def test_a_paper_that_the_service_refuses_is_a_dead_letter_and_its_neighbours_are_answered(
    working: Start, settings: WorkerSettings, redis: Any, service: MockTransport, metrics: WorkerMetrics
) -> None:
    service.read = _failing_at("empty", ErrorBody(message="nothing to read", type="invalid_request_error", code="no"))
    await send(redis, settings, "Asthma.", "empty", "Lung cancer.")

    async with working(settings):
        await until(lambda: _length(redis, settings.output, 2))
        await until(lambda: _length(redis, settings.dead_letters, 1))

    assert await dead(redis, settings) == [("refused", "no: nothing to read")]
    assert count(metrics, "dead_letters_total", reason="refused") == 1


async def test_a_paper_at_which_the_service_fails_is_tried_again_before_it_is_given_up(
    working: Start, make_settings: MakeSettings, redis: Any, service: MockTransport, metrics: WorkerMetrics
) -> None:
    settings = make_settings(max_attempts=3)
    service.read = _failing_at("hard", ErrorBody(message="it broke", type="server_error", code="extraction_failed"))
    await send(redis, settings, "Asthma.", "hard")

    async with working(settings):
        await until(lambda: _length(redis, settings.dead_letters, 1))

    assert await dead(redis, settings) == [("failed", "extraction_failed: it broke")]
    assert count(metrics, "retries_total", cause="paper_failed") == 2
    assert len(await answers(redis, settings)) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        refusal(503, retry_after_s=0),
        refusal(429, retry_after_s=0),
        refusal(401),
        httpx.Response(502, text="bad gateway"),
    ],
    ids=["gone", "503", "429", "401", "proxy"],
)
async def test_nothing_is_lost_or_given_up_while_the_service_is_away(
    working: Start,
    settings: WorkerSettings,
    redis: Any,
    service: MockTransport,
    metrics: WorkerMetrics,
    trouble: httpx.Response | Exception,
) -> None:
    service.first = [trouble] * 20
    await send(redis, settings, "Asthma.", "Lung cancer.")

    async with working(settings):
        await until(lambda: _length(redis, settings.output, 2))

    assert count(metrics, "retries_total", cause="service_unavailable") == 20
    assert await dead(redis, settings) == []


async def test_the_service_says_when_to_come_back(
    working: Start, settings: WorkerSettings, redis: Any, service: MockTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    service.first = [refusal(503, retry_after_s=1)]
    await send(redis, settings, "Asthma.")

    async with working(settings):
        await until(lambda: _length(redis, settings.output, 1))

    [waited] = [event for event in _events(capsys.readouterr().err) if event["event"] == "service_unavailable"]
    assert (waited["status"], waited["wait_s"] >= 1) == (503, True)


async def test_a_message_of_50_mb_is_a_dead_letter_and_the_next_is_answered(
    working: Start, settings: WorkerSettings, redis: Any
) -> None:
    await redis.xadd(settings.source, {"paper": "x" * 50_000_000})
    await send(redis, settings, "Asthma.")

    async with working(settings):
        await until(lambda: _length(redis, settings.output, 1))
        await until(lambda: _length(redis, settings.dead_letters, 1))

    [(_, fields)] = await redis.xrange(settings.dead_letters)
    assert (fields["dead_reason"], len(fields["paper"])) == ("too_large", 50_000_000)


async def test_papers_that_fail_while_the_service_is_not_ready_are_not_given_up(
    working: Start, make_settings: MakeSettings, redis: Any, service: MockTransport, metrics: WorkerMetrics
) -> None:
    settings = make_settings(max_attempts=2)
    unready = _Unready()
    service.read = _failing_at("Asthma", ErrorBody(message="it broke", type="server_error"))
    service.handler = unready.before(service.handler)
    await send(redis, settings, "Asthma.")

    async with working(settings):
        await until(lambda: _is(lambda: count(metrics, "retries_total", cause="paper_failed") > 5))
        assert await dead(redis, settings) == []
        unready.now_ready()
        await until(lambda: _length(redis, settings.dead_letters, 1))


async def test_stopped_it_finishes_what_is_at_the_service_and_gives_the_rest_back(
    make_settings: MakeSettings, redis: Any, metrics: WorkerMetrics
) -> None:
    settings = make_settings(batch_papers=1, concurrency=1, grace_s=30)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.set()
        await go_on.wait()
        return MockTransport().handle_request(request)

    await send(redis, settings, *(f"Lung cancer {number}." for number in range(10)))
    async with AsyncClient(transport=httpx.MockTransport(answer), retries=settings.retries) as client:
        worker = Worker(settings, RedisStreams(settings), Reading(client, settings, metrics), metrics)
        run = asyncio.create_task(worker.run())
        await asyncio.wait_for(asked.wait(), WITHIN_S)
        await until(lambda: _is(lambda: count(metrics, "held") == 2))  # one at the service, one collected
        worker.stop()
        go_on.set()
        await asyncio.wait_for(run, WITHIN_S)

    assert len(await answers(redis, settings)) == 1
    pending = await redis.xpending_range(settings.source, settings.group, "-", "+", 10)
    assert [(entry["consumer"], entry["times_delivered"]) for entry in pending] == [("returned", 0)]


async def test_what_is_not_finished_within_the_grace_time_is_given_back(
    make_settings: MakeSettings, redis: Any, metrics: WorkerMetrics
) -> None:
    settings = make_settings(grace_s=0.1)
    asked = asyncio.Event()

    async def silent(_: httpx.Request) -> httpx.Response:
        asked.set()
        await asyncio.sleep(3600)
        raise AssertionError

    await send(redis, settings, "Lung cancer.")
    async with AsyncClient(transport=httpx.MockTransport(silent), retries=settings.retries) as client:
        worker = Worker(settings, RedisStreams(settings), Reading(client, settings, metrics), metrics)
        run = asyncio.create_task(worker.run())
        await asyncio.wait_for(asked.wait(), WITHIN_S)
        worker.stop()
        await asyncio.wait_for(run, WITHIN_S)

    [entry] = await redis.xpending_range(settings.source, settings.group, "-", "+", 10)
    assert entry["consumer"] == "returned"


async def test_stopped_before_there_was_a_broker_it_ends(
    working: Start, make_settings: MakeSettings, metrics: WorkerMetrics
) -> None:
    async with working(make_settings(broker_url="redis://127.0.0.1:1/0")):
        await until(lambda: _is(lambda: count(metrics, "retries_total", cause="broker_unavailable") > 1))


async def test_it_works_on_after_redis_was_restarted(
    working: Start, make_settings: MakeSettings, tmp_path: Any, metrics: WorkerMetrics
) -> None:
    with running(tmp_path, durable=True) as server:
        settings = make_settings(broker_url=server.url)
        async with working(settings):
            await _send_to(server, settings, "Asthma.")
            server.kill()
            await until(lambda: _is(lambda: count(metrics, "retries_total", cause="broker_unavailable") > 3))
            server.start()
            await _send_to(server, settings, "Lung cancer.")
            async with Redis.from_url(server.url) as redis:
                await until(lambda: _length(redis, settings.output, 2))


async def test_it_works_on_after_the_streams_were_deleted(working: Start, settings: WorkerSettings, redis: Any) -> None:
    async with working(settings):
        await send(redis, settings, "Asthma.")
        await until(lambda: _length(redis, settings.output, 1))
        await redis.delete(settings.source, settings.output)
        await until(lambda: _length(redis, settings.source, 0))
        await send(redis, settings, "Lung cancer.")

        await until(lambda: _length(redis, settings.output, 1))


async def test_gauges_show_how_far_behind_the_group_is(
    working: Start, make_settings: MakeSettings, redis: Any, service: MockTransport, metrics: WorkerMetrics
) -> None:
    settings = make_settings(batch_papers=1, concurrency=1)
    service.first = [refusal(503, retry_after_s=0)] * 1_000_000
    await send(redis, settings, *(f"Lung cancer {number}." for number in range(10)))

    def backlog() -> tuple[float | None, float | None]:
        lag, pending = (count(metrics, gauge, partition=settings.source) for gauge in ("lag", "pending"))
        return lag, pending

    async with working(settings):
        await until(lambda: _is(lambda: backlog() == (8, 2)))
        service.first = []
        await until(lambda: _is(lambda: backlog() == (0, 0)))


async def test_logs_never_hold_a_text(
    working: Start, settings: WorkerSettings, redis: Any, service: MockTransport, capsys: pytest.CaptureFixture[str]
) -> None:
    service.first = [refusal(503, retry_after_s=0)]
    await send(redis, settings, "Unpublished finding.", colour="red")
    await send(redis, settings, "Unpublished finding.")

    async with working(settings):
        await until(lambda: _length(redis, settings.output, 1))
        await until(lambda: _length(redis, settings.dead_letters, 1))

    said = capsys.readouterr().err
    told = {event["event"] for event in _events(said)}
    assert {"worker_started", "service_unavailable", "message_dead", "worker_stopped"} <= told
    assert "Unpublished" not in said


class _Unready:
    """A service that reads, and says of itself that it is not well."""

    def __init__(self) -> None:
        self._ready = False

    def now_ready(self) -> None:
        self._ready = True

    def before(self, answer: Callable[[httpx.Request], Any]) -> Callable[[httpx.Request], Any]:
        def handler(request: httpx.Request) -> Any:
            unwell = request.url.path == "/readyz" and not self._ready
            return refusal(503) if unwell else answer(request)

        return handler


def _failing_at(word: str, error: ErrorBody) -> Callable[[Paper], Result]:
    def read(paper: Paper) -> Analysis | Failure:
        return Failure(abstract_id=paper.id, error=error) if word in (paper.title or "") else read_words(paper)

    return read


def _events(logs: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logs.splitlines()]


async def _length(redis: Any, stream: str, wanted: int) -> bool:
    return bool(await redis.xlen(stream) == wanted)


async def _is(condition: Callable[[], bool]) -> bool:
    return condition()


async def _send_to(server: RedisServer, settings: WorkerSettings, title: str) -> None:
    async with Redis.from_url(server.url) as redis:
        await send(redis, settings, title)
