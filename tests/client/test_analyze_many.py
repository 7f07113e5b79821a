"""Runs over many papers, with both clients: every paper has one result, whatever happens on the way."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

import pubserve
from pubserve import Batching, Failure, Paper, Progress, Retries
from pubserve.contract import ErrorBody
from pubserve.testing import MockTransport, read_words, refusal
from tests.client.efetch_server import efetch

pytestmark = pytest.mark.anyio

SMALL = Batching(max_papers=10, concurrency=3)
NO_WAIT = Retries(backoff_initial_s=0, backoff_max_s=0)


@pytest.fixture
def many(new_client: Any, collect: Any) -> Any:
    """Runs `analyze_many` on a transport to its end, with either client in turn."""

    async def run(transport: httpx.MockTransport, papers: Any, *tasks: Any, **options: Any) -> list[pubserve.Result]:
        client = new_client(transport=transport, retries=options.pop("retries", NO_WAIT))
        results: list[pubserve.Result] = await collect(
            client.analyze_many(papers, *tasks, **{"batching": SMALL, **options})
        )
        return results

    return run


def papers(count: int) -> list[dict[str, Any]]:
    return [{"id": n, "title": f"Study {n} of cancer."} for n in range(count)]


def ids(results: list[pubserve.Result]) -> list[str]:
    return [result.abstract_id for result in results]


def asked(transport: MockTransport) -> list[list[str]]:
    return [[paper["id"] for paper in json.loads(request.content)["papers"]] for request in transport.requests]


def answered_first(lines: int) -> httpx.Response:
    """A stream that breaks after some results of papers 0, 1, 2, …"""
    body = [json.dumps(read_words(Paper(id=n)).model_dump(mode="json")).encode() + b"\n" for n in range(lines)]

    class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield from body
            raise httpx.ReadError("the server is gone")

        async def __aiter__(self) -> Any:
            for chunk in self:
                yield chunk

    return httpx.Response(200, stream=Broken())


async def test_results_come_in_the_order_of_the_papers_from_requests_of_the_right_size(many: Any) -> None:
    transport = MockTransport()

    results = await many(transport, iter(papers(95)))

    assert ids(results) == [str(n) for n in range(95)]
    assert all(isinstance(result, pubserve.Analysis) for result in results)
    assert sorted(map(len, asked(transport))) == [5] + [10] * 9
    assert {request.url.path for request in transport.requests} == {"/v1/analyze/stream"}


async def test_the_service_may_let_others_go_first(many: Any, client: Any, service: Any, settle: Any) -> None:
    transport = MockTransport()
    await many(transport, papers(1))
    await settle(client.analyze(papers(1)))

    assert transport.requests[0].headers["x-priority"] == "bulk"
    assert "x-priority" not in service.requests[0].headers


async def test_tasks_are_asked_for_and_unknown_ones_refused_before_anything_is_sent(many: Any) -> None:
    transport = MockTransport()

    await many(transport, papers(1), ["labels", pubserve.Task.SUMMARY])

    assert json.loads(transport.requests[0].content)["tasks"] == ["labels", "summary"]
    with pytest.raises(pubserve.InvalidArgument, match=r"tasks\[0\]: 'summaries'"):
        await many(transport, papers(1), ["summaries"])
    assert len(transport.requests) == 1


def test_where_order_does_not_matter_a_slow_batch_holds_nobody_up() -> None:
    seen = threading.Event()

    def read(paper: Paper) -> pubserve.Result:
        if paper.id == "0":
            assert seen.wait(30), "the second batch was held back"
        return read_words(paper)

    given = []
    for result in pubserve.Client(transport=MockTransport(read)).analyze_many(
        papers(20), ordered=False, batching=SMALL
    ):
        given.append(result.abstract_id)
        if len(given) == 10:
            seen.set()

    assert sorted(given[:10]) == sorted(str(n) for n in range(10, 20))
    assert sorted(given[10:]) == sorted(str(n) for n in range(10))


async def test_two_papers_of_one_id_each_have_their_own_result(many: Any) -> None:
    given = [{"id": "1", "title": "On cancer."}, {"id": "1", "title": "On asthma."}]

    results = await many(MockTransport(), given)

    assert [result.predicted_labels for result in results] == [["Cancer"], ["Non-Cancer"]]


@pytest.mark.parametrize(
    ("bad", "name", "message"),
    [
        ({"id": "7", "title": 7}, "7", r"papers\[1\]\.title: Input should be a valid string"),
        ({"title": "On cancer."}, "papers[1]", r"papers\[1\]\.id: Field required"),
        (7.5, "papers[1]", "must be a Paper or a mapping, not float"),
    ],
)
async def test_a_paper_that_cannot_be_sent_is_a_failure_in_its_place(
    many: Any, bad: Any, name: str, message: str
) -> None:
    results = await many(MockTransport(), [*papers(1), bad, {"id": "2", "title": "On cancer."}])

    assert ids(results) == ["0", name, "2"]
    assert [result.ok for result in results] == [True, False, True]
    assert re.search(message, results[1].error.message)


@pytest.mark.parametrize("one", ["30872385", {"id": "1"}, Paper(id="1"), 30872385])
async def test_one_paper_in_place_of_a_list_is_named_as_the_mistake(new_client: Any, one: Any) -> None:
    with pytest.raises(pubserve.InvalidArgument, match=r"wrap a single paper in \[ \]"):
        new_client().analyze_many(one)


async def test_pmids_are_fetched_and_those_that_pubmed_does_not_have_are_failures(
    many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with efetch("11", "12") as ncbi:
        monkeypatch.setenv("NCBI_EFETCH_URL", ncbi.url)
        transport = MockTransport()
        results = await many(transport, ["11", *papers(1), 12, 99])

    assert ids(results) == ["11", "0", "12", "99"]
    assert [result.ok for result in results] == [True, True, True, False]
    assert json.loads(transport.requests[0].content)["papers"][0] == {
        "id": "11",
        "title": "Title 11.",
        "abstract": "Text.",
    }
    assert len(ncbi.requests) == 1


class TestTrouble:
    async def test_what_a_broken_stream_answered_is_not_asked_about_again(self, many: Any) -> None:
        transport = MockTransport(first=[answered_first(4)])

        results = await many(transport, papers(10))

        assert ids(results) == [str(n) for n in range(10)]
        assert asked(transport) == [[str(n) for n in range(10)], [str(n) for n in range(4, 10)]]

    @pytest.mark.parametrize(
        "outage",
        [
            httpx.ConnectError("refused"),
            httpx.ReadTimeout("silent"),
            refusal(429),
            refusal(503),
            httpx.Response(404, text="Path '/v1/analyze/stream' not found."),
            httpx.Response(502, text="<html>Bad Gateway</html>"),
        ],
    )
    async def test_a_service_that_goes_away_is_waited_for(self, many: Any, outage: Any) -> None:
        transport = MockTransport(first=[answered_first(1), *[outage] * 9])

        results = await many(transport, papers(10))

        assert all(result.ok for result in results)
        assert len(transport.requests) == 11

    async def test_patience_ends_when_nothing_was_answered_for_as_long_as_it_lasts(
        self, new_client: Any, collect: Any, fake_time: Any
    ) -> None:
        def gone(request: httpx.Request) -> httpx.Response:
            fake_time.now += 20
            return refusal(503)

        client = new_client(transport=httpx.MockTransport(gone), retries=NO_WAIT)

        with pytest.raises(pubserve.Overloaded):
            await collect(client.analyze_many(papers(1), batching=Batching(patience_s=100)))
        assert fake_time.now == 1_000 + 6 * 20

    async def test_a_service_that_was_never_there_gets_the_attempts_of_any_call(self, many: Any) -> None:
        transport = MockTransport(first=[httpx.ConnectError("refused")] * 100)

        with pytest.raises(pubserve.ConnectionFailed):
            await many(transport, papers(1), retries=Retries(attempts=3, backoff_initial_s=0))
        assert len(transport.requests) == 3

    async def test_a_refusal_that_no_retry_helps_ends_the_run(self, many: Any) -> None:
        with pytest.raises(pubserve.Unauthorized):
            await many(MockTransport(first=[refusal(401)] * 9), papers(30))

    @pytest.mark.parametrize("status", [413, 422, 500, 504])
    async def test_one_paper_that_breaks_requests_is_found_and_fails_alone(
        self, new_client: Any, collect: Any, status: int
    ) -> None:
        service = MockTransport()

        def answer(request: httpx.Request) -> httpx.Response:
            poisoned = any(paper["id"] == "6" for paper in json.loads(request.content)["papers"])
            return refusal(status, "no") if poisoned else service.handler(request)  # type: ignore[return-value]

        client = new_client(transport=httpx.MockTransport(answer), retries=NO_WAIT)
        results = await collect(client.analyze_many(papers(20), batching=SMALL))

        assert ids(results) == [str(n) for n in range(20)]
        assert [result.abstract_id for result in results if not result.ok] == ["6"]
        assert results[6].error.message == "no"

    async def test_a_failure_of_the_service_is_a_result_and_no_error(self, many: Any) -> None:
        broken = Failure(abstract_id="0", error=ErrorBody(message="gave up", type="server_error"))

        assert await many(MockTransport(lambda _: broken), papers(1)) == [broken]


class TestJournal:
    async def test_a_second_run_asks_only_about_what_is_new_and_gives_everything(
        self, many: Any, tmp_path: Path
    ) -> None:
        journal = tmp_path / "run.jsonl"
        first = await many(MockTransport(), papers(15), journal=journal)
        transport = MockTransport()

        second = await many(transport, papers(20), journal=journal)

        assert second[:15] == first
        assert ids(second) == [str(n) for n in range(20)]
        assert asked(transport) == [["15", "16", "17", "18", "19"]]
        assert len(journal.read_text().splitlines()) == 20

    async def test_a_run_that_ended_in_an_error_has_kept_what_it_had(self, many: Any, tmp_path: Path) -> None:
        journal = tmp_path / "run.jsonl"
        with pytest.raises(pubserve.Unauthorized):
            await many(MockTransport(first=[answered_first(4), refusal(401)]), papers(10), journal=journal)
        transport = MockTransport()

        assert ids(await many(transport, papers(10), journal=journal)) == [str(n) for n in range(10)]
        assert asked(transport) == [[str(n) for n in range(4, 10)]]

    async def test_failures_are_asked_about_again(self, many: Any, tmp_path: Path) -> None:
        broken = Failure(abstract_id="0", error=ErrorBody(message="gave up", type="server_error"))
        await many(MockTransport(lambda _: broken), papers(1), journal=tmp_path / "run.jsonl")

        [result] = await many(MockTransport(), papers(1), journal=tmp_path / "run.jsonl")

        assert result.ok
        assert len((tmp_path / "run.jsonl").read_text().splitlines()) == 1


class TestLeaving:
    async def test_nothing_is_taken_or_sent_before_the_first_result_is_asked_for(self, new_client: Any) -> None:
        transport, taken = MockTransport(), []
        stream = new_client(transport=transport).analyze_many(taken.append(p) or p for p in papers(5))  # type: ignore[func-returns-value]

        assert (transport.requests, taken) == ([], [])
        await stream.aclose() if hasattr(stream, "aclose") else stream.close()

    async def test_papers_are_taken_only_as_fast_as_they_are_needed(self, new_client: Any) -> None:
        taken: list[Any] = []
        endless = (taken.append(n) or {"id": n, "title": "On cancer."} for n in iter(int, 1))  # type: ignore[func-returns-value]
        client = new_client(transport=MockTransport())

        stream = client.analyze_many(endless, batching=SMALL)
        if hasattr(stream, "aclose"):
            async with aclosing(stream):
                await anext(stream)
        else:
            with closing(stream):
                next(stream)

        assert len(taken) <= 10 * (SMALL.concurrency + 1)

    async def test_cancelling_the_task_cancels_the_requests(self) -> None:
        cancelled = asyncio.Event()

        async def never(request: httpx.Request) -> httpx.Response:
            try:
                return await asyncio.Future()
            finally:
                cancelled.set()

        client = pubserve.AsyncClient(transport=httpx.MockTransport(never))
        task = asyncio.create_task(anext(client.analyze_many(papers(1))))
        await asyncio.sleep(0.05)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(cancelled.wait(), 5)


async def test_progress_is_told_after_every_paper(many: Any) -> None:
    told: list[Progress] = []

    await many(MockTransport(), [*papers(3), {"id": "x", "title": 7}], progress=told.append)

    assert [progress.done for progress in told] == [1, 2, 3, 4]
    assert (told[-1].failed, told[-1].resumed, told[-1].total) == (1, 0, 4)
    assert str(told[-1]).startswith("4 of 4 papers, 1 failed, ")
