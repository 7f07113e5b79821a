"""The client of the bench."""

import asyncio
import itertools
import socket

import pytest

from loadtest.bench.closed_loop import Call, Request, drive, first_line_s
from pubserve.contract import ErrorBody, Failure
from serve.http.json_body import encode_json
from tests.loadtest.bench.conftest import CountingServer

CALL = Call("/", b"{}")
ONE_PAPER = Request(1, [CALL])


def test_as_many_requests_as_asked_for_are_in_flight(server: CountingServer) -> None:
    server.delay_s = 0.05
    drive(server.url, itertools.repeat(ONE_PAPER, 40), concurrency=4, budget_s=60)
    assert server.most_at_once == 4


def test_it_ends_when_there_are_no_more_requests(server: CountingServer) -> None:
    outcome = drive(server.url, iter([Request(3, [CALL])] * 5), concurrency=2, budget_s=60)
    assert (outcome.papers, outcome.abandoned, server.answered) == (15, 0, 5)


def test_when_time_is_up_what_is_under_way_is_abandoned(server: CountingServer) -> None:
    server.delay_s = 1.0
    outcome = drive(server.url, itertools.repeat(ONE_PAPER), concurrency=3, budget_s=1.5)
    assert outcome.abandoned == 3
    assert outcome.papers >= 3


def test_its_time_begins_when_as_many_were_answered_as_are_in_flight(server: CountingServer) -> None:
    server.delay_s = 0.4
    outcome = drive(server.url, itertools.repeat(ONE_PAPER), concurrency=3, budget_s=0.7)
    assert outcome.lasted_s > 1.0
    assert outcome.papers == 6


def test_the_warm_up_has_an_end_where_everything_is_refused(server: CountingServer) -> None:
    server.status = 503
    with pytest.raises(ValueError, match="papers failed"):
        drive(server.url, itertools.repeat(ONE_PAPER), concurrency=2, budget_s=0.1)


def test_a_slow_peer_gets_to_its_first_answer(server: CountingServer) -> None:
    server.delay_s = 0.3
    assert drive(server.url, itertools.repeat(ONE_PAPER), concurrency=1, budget_s=0.01).papers == 1


def test_a_request_is_answered_when_all_its_calls_are(server: CountingServer) -> None:
    outcome = drive(server.url, iter([Request(1, [CALL] * 6)]), concurrency=1, budget_s=60)
    assert (outcome.papers, server.answered) == (1, 6)
    assert server.most_at_once > 1


def test_refusals_are_failures_and_nothing_else_is_an_error(server: CountingServer) -> None:
    server.status = 503
    with pytest.raises(ValueError, match="8 papers failed"):
        drive(server.url, iter([Request(4, [CALL])] * 2), concurrency=1, budget_s=60)


def test_papers_that_the_service_could_not_read_are_no_answers(server: CountingServer) -> None:
    server.body = encode_json(Failure(abstract_id="1", error=ErrorBody(message="", type="")).model_dump())
    with pytest.raises(ValueError, match="1 papers failed"):
        drive(server.url, iter([ONE_PAPER]), concurrency=1, budget_s=60)


def test_a_peer_that_is_gone_is_said_to_have_failed() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(ValueError, match="1 papers failed"):
            drive(url, iter([ONE_PAPER]), concurrency=1, budget_s=60)


def test_the_first_line_of_a_stream_is_timed(server: CountingServer) -> None:
    server.delay_s = 0.1
    assert asyncio.run(first_line_s(server.url, CALL)) >= 0.1
