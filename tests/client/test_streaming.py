"""Streams: results as they arrive, from bytes cut anywhere, and an early end that reaches the service."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pubserve
from pubserve._response import ResultReader

pytestmark = pytest.mark.anyio


def line(result: dict[str, Any]) -> bytes:
    return json.dumps(result, ensure_ascii=False).encode() + b"\n"


def papers(*ids: str) -> list[pubserve.Paper]:
    return [pubserve.Paper(id=paper_id) for paper_id in ids]


async def first_of(stream: Any) -> pubserve.Result:
    return await anext(stream) if hasattr(stream, "__anext__") else next(stream)


async def close(stream: Any) -> None:
    if hasattr(stream, "aclose"):
        await stream.aclose()
    else:
        stream.close()


async def test_a_stream_gives_every_result_in_the_order_it_arrives(client: Any, service: Any, collect: Any) -> None:
    body = service.body(line(service.analysis("2")), line(service.failure("3")), line(service.analysis("1")))
    service.replies(httpx.Response(200, stream=body))

    results = await collect(client.analyze_stream(papers("1", "2", "3"), ["labels"]))

    assert [(result.abstract_id, result.ok) for result in results] == [("2", True), ("3", False), ("1", True)]
    assert [type(result) for result in results] == [pubserve.Analysis, pubserve.Failure, pubserve.Analysis]
    assert service.requests[0].url.path == "/v1/analyze/stream"
    assert service.bodies[0]["tasks"] == ["labels"]
    assert body.closed


async def test_a_result_is_given_before_the_next_one_has_arrived(client: Any, service: Any) -> None:
    body = service.body(line(service.analysis("1")), line(service.analysis("2")))
    service.replies(httpx.Response(200, stream=body))
    stream = client.analyze_stream(papers("1", "2"))

    assert (await first_of(stream)).abstract_id == "1"
    assert body.taken == 1
    await close(stream)


async def test_closing_the_iterator_closes_the_connection(client: Any, service: Any) -> None:
    body = service.body(line(service.analysis("1")), line(service.analysis("2")))
    service.replies(httpx.Response(200, stream=body))
    stream = client.analyze_stream(papers("1", "2"))
    await first_of(stream)
    assert not body.closed

    await close(stream)

    assert body.closed
    assert body.taken == 1


async def test_bad_papers_are_refused_before_the_first_result_is_asked_for(client: Any, service: Any) -> None:
    with pytest.raises(pubserve.InvalidArgument, match="papers is empty"):
        client.analyze_stream([])


async def test_nothing_is_sent_before_the_first_result_is_asked_for(client: Any, service: Any) -> None:
    stream = client.analyze_stream(papers("1"))

    assert service.requests == []
    await close(stream)


async def test_a_refused_stream_is_retried(client: Any, service: Any, collect: Any, fake_time: Any) -> None:
    service.replies(
        service.refusal(429, headers={"retry-after": "3"}),
        httpx.ConnectError("refused"),
        httpx.Response(200, stream=service.body(line(service.analysis("1")))),
    )

    results = await collect(client.analyze_stream(papers("1")))

    assert [result.abstract_id for result in results] == ["1"]
    assert fake_time.slept == [3, 1]


async def test_a_stream_that_breaks_before_its_first_result_is_retried(client: Any, service: Any, collect: Any) -> None:
    whole = line(service.analysis("1"))
    broken = service.body(whole[:10], httpx.ReadError("cut"))
    service.replies(httpx.Response(200, stream=broken), httpx.Response(200, stream=service.body(whole)))

    results = await collect(client.analyze_stream(papers("1")))

    assert [result.abstract_id for result in results] == ["1"]
    assert broken.closed


async def test_a_stream_that_breaks_after_its_first_result_is_not(client: Any, service: Any, collect: Any) -> None:
    body = service.body(line(service.analysis("1")), httpx.RemoteProtocolError("cut"))
    service.replies(httpx.Response(200, stream=body))
    stream = client.analyze_stream(papers("1", "2"))
    assert (await first_of(stream)).abstract_id == "1"

    with pytest.raises(pubserve.ConnectionFailed, match="cut"):
        await collect(stream)

    assert len(service.requests) == 1
    assert body.closed


async def test_a_stream_that_ends_too_early_is_not_taken_for_a_whole_one(
    client: Any, service: Any, collect: Any
) -> None:
    service.replies(
        httpx.Response(200, stream=service.body(line(service.analysis("1"))), headers={"x-request-id": "r-1"})
    )

    with pytest.raises(pubserve.InvalidResponse, match="ended with 2 papers unanswered") as caught:
        await collect(client.analyze_stream(papers("1", "2", "3")))

    assert caught.value.request_id == "r-1"


async def test_results_before_a_bad_line_are_given_first(client: Any, service: Any, collect: Any) -> None:
    service.replies(httpx.Response(200, stream=service.body(line(service.analysis("1")) + b"oops\n")))
    stream = client.analyze_stream(papers("1", "2"))

    assert (await first_of(stream)).abstract_id == "1"
    with pytest.raises(pubserve.InvalidResponse, match=r"line of the stream .*not JSON\): 'oops'"):
        await collect(stream)


def read(content: Sequence[bytes], *ids: str) -> list[pubserve.Result]:
    reader = ResultReader(ids, "r-1")
    return [result for chunk in content for result in reader.feed(chunk)] + list(reader.finish())


def analysis(paper_id: str, summary: str | None = None) -> dict[str, Any]:
    return {"abstract_id": paper_id, "summary": summary, "timings_ms": {"queue": 0}}


@given(st.lists(st.text(), max_size=5), st.lists(st.integers(min_value=0), max_size=8))
def test_lines_are_read_alike_however_the_bytes_are_cut(summaries: list[str], cuts: list[int]) -> None:
    ids = [str(number) for number in range(len(summaries))]
    content = b"".join(line(analysis(*pair)) for pair in zip(ids, summaries, strict=True))
    places = sorted({0, len(content), *(cut % (len(content) + 1) for cut in cuts)})
    chunks = [content[start:end] for start, end in pairwise(places)]

    results = read(chunks, *ids)

    assert [(result.abstract_id, result.summary) for result in results if result.ok] == list(
        zip(ids, summaries, strict=True)
    )


def test_a_text_with_unicode_line_ends_stays_on_one_line() -> None:
    text = "a\u2028b\u2029c\x85d"

    (result,) = read([line(analysis("1", text))], "1")

    assert isinstance(result, pubserve.Analysis)
    assert result.summary == text


def test_blank_lines_only_keep_the_connection_alive() -> None:
    assert len(read([b"\n", b" \r\n", line(analysis("1")), b"\n"], "1")) == 1


def test_the_last_line_needs_no_end() -> None:
    assert len(read([line(analysis("1")).rstrip()], "1")) == 1


def test_papers_that_share_an_id_each_have_a_result() -> None:
    assert len(read([line(analysis("1")) * 2], "1", "1")) == 2


@pytest.mark.parametrize("ids", [("2",), ("1", "1")])
def test_a_result_that_was_not_awaited_is_never_passed_on(ids: tuple[str, ...]) -> None:
    with pytest.raises(pubserve.InvalidResponse, match="was not awaited"):
        read([line(analysis(paper_id)) for paper_id in ids], "1")


def test_a_line_with_an_error_is_a_failure_even_when_it_looks_like_an_analysis_too() -> None:
    (result,) = read([line(analysis("1") | {"error": {"message": "m", "type": "t"}})], "1")

    assert isinstance(result, pubserve.Failure)
