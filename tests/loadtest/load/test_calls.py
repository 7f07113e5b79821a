"""What callers send, and what they make of the answer."""

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.load.calls import BATCH, CALLS, CHAT, MIXED, SINGLE, STREAM, Call, Outcome, Reply, outcome_of
from pubserve import Paper

PAPERS = [Paper(id=str(n), title=f"Title {n}", abstract="Lung cancer was seen.") for n in range(3)]
DEADLINE_S = 10.0


def result(paper: Paper, **changes: Any) -> dict[str, Any]:
    mention = {"text": "Lung cancer", "field": "abstract", "start": 0, "end": 11, "disease": "x", "confidence": 1.0}
    return {"abstract_id": paper.id, "mentions": [mention], "timings_ms": {"queue": 0.1}, **changes}


def failure(paper: Paper, code: str) -> dict[str, Any]:
    return {"abstract_id": paper.id, "error": {"message": "no", "type": "t", "code": code}}


def answer(results: Sequence[dict[str, Any]]) -> bytes:
    usage = {"papers": 3, "failed": 0, "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return json.dumps({"results": results, "usage": usage}).encode()


def replied(body: bytes = b"", status: int = 200, *, after_s: float = 1.0, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, [(after_s, body)] if body else [], after_s)


def outcome(reply: Reply, call: Call = BATCH, papers: Sequence[Paper] = PAPERS) -> Outcome:
    return outcome_of(call, papers, reply, DEADLINE_S)


def test_a_right_answer_counts_every_paper() -> None:
    assert outcome(replied(answer([result(paper) for paper in PAPERS]))) == Outcome(answered=3)


@pytest.mark.parametrize(
    "results",
    [
        [result(paper) for paper in reversed(PAPERS)],
        [result(paper) for paper in PAPERS[:2]],
        [result(paper) for paper in [*PAPERS, PAPERS[0]]],
        [],
    ],
    ids=["out of order", "one missing", "one twice", "none"],
)
def test_results_that_are_not_those_of_the_papers_in_their_order_fail_all(results: list[dict[str, Any]]) -> None:
    wrong = outcome(replied(answer(results)))
    assert wrong.failed == 3
    assert "not those of the 3 papers" in wrong.problem


def test_a_mention_that_is_elsewhere_fails_its_paper_alone() -> None:
    moved = result(PAPERS[1])
    moved["mentions"][0] |= {"start": 1, "end": 12}
    wrong = outcome(replied(answer([result(PAPERS[0]), moved, result(PAPERS[2])])))
    assert (wrong.answered, wrong.failed) == (2, 1)
    assert "mention" in wrong.problem


def test_a_paper_with_an_error_fails_alone() -> None:
    wrong = outcome(replied(answer([result(PAPERS[0]), failure(PAPERS[1], "broken"), result(PAPERS[2])])))
    assert (wrong.answered, wrong.failed) == (2, 1)
    assert "broken" in wrong.problem


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"results": 1}'])
def test_what_is_not_the_contract_fails(body: bytes) -> None:
    assert outcome(replied(body)).failed == 3


@given(st.binary(max_size=200), st.sampled_from(CALLS))
def test_whatever_comes_back_every_paper_is_counted_once(body: bytes, call: Call) -> None:
    papers = PAPERS[:1]
    got = outcome(replied(body), call, papers)
    assert got.answered + got.late + got.failed + got.refused == len(papers)


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_is_no_failure_and_says_when_to_come_back(status: int) -> None:
    assert outcome(replied(b"{}", status, retry_after="7")) == Outcome(refused=3, retry_after_s=7.0)


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}])
def test_a_refusal_may_fail_to_say_when(headers: dict[str, str]) -> None:
    refused = outcome(Reply(503, headers, [], 0.01))
    assert (refused.refused, refused.retry_after_s) == (3, None)


def test_an_answer_after_the_deadline_is_late_and_so_is_the_services_own_word_for_it() -> None:
    assert outcome(replied(answer([result(paper) for paper in PAPERS]), after_s=10.1)).late == 3
    assert outcome(replied(b"{}", 504)).late == 3


def test_an_error_is_named_by_its_code() -> None:
    body = json.dumps({"error": {"message": "m", "type": "invalid_request_error", "code": "too_long"}}).encode()
    assert outcome(replied(body, 422)).problem == "422: too_long"
    assert outcome(replied(b"Internal Server Error", 500)).problem == "500: without an error body"


def test_a_broken_connection_fails() -> None:
    broken = outcome(Reply(0, {}, [], 1.0, error="connection refused"))
    assert (broken.failed, broken.problem) == (3, "connection refused")


def test_results_of_a_stream_come_in_any_order_each_with_a_time_of_its_own() -> None:
    lines = [json.dumps(entry).encode() for entry in (result(PAPERS[2]), result(PAPERS[0]), result(PAPERS[1]))]
    reply = Reply(200, {}, [(1.0, lines[0]), (2.0, lines[1]), (11.0, lines[2])], 11.0)
    assert outcome(reply, STREAM) == Outcome(answered=2, late=1, problem="answered after the deadline")


def test_papers_that_a_stream_did_not_reach_before_its_deadline_are_late() -> None:
    lines = [result(PAPERS[0]), result(PAPERS[1]), failure(PAPERS[2], "deadline_exceeded")]
    reply = Reply(200, {}, [(1.0, json.dumps(line).encode()) for line in lines], 1.0)
    assert (outcome(reply, STREAM).answered, outcome(reply, STREAM).late) == (2, 1)


def test_a_stream_that_breaks_off_fails() -> None:
    reply = Reply(200, {}, [(1.0, json.dumps(result(PAPERS[0])).encode())], 1.0, error="the answer broke off")
    assert outcome(reply, STREAM).problem == "the answer broke off"


def test_a_chat_is_answered_by_the_analysis_of_its_paper() -> None:
    content = json.dumps(result(PAPERS[0]))
    body = json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()
    assert outcome(replied(body), CHAT, PAPERS[:1]) == Outcome(answered=1)
    assert outcome(replied(body), CHAT, PAPERS[1:2]).failed == 1


def test_requests_say_how_urgent_they_are_and_how_long_they_wait() -> None:
    assert SINGLE.headers(1.5) == {
        "content-type": "application/json",
        "x-priority": "interactive",
        "x-request-timeout-ms": "1500",
    }
    assert BATCH.headers(30)["x-priority"] == "bulk"


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_sizes_are_within_bounds_and_their_mean_is_known(call: Call) -> None:
    chance = random.Random(5)
    sizes = [call.draw_size(chance) for _ in range(20_000)]
    assert call.sizes[0] <= min(sizes) <= max(sizes) <= call.sizes[1]
    assert sum(sizes) / len(sizes) == pytest.approx(call.mean_size, rel=0.05)


def test_mixed_batches_come_in_all_sizes() -> None:
    chance = random.Random(5)
    assert len({MIXED.draw_size(chance) for _ in range(20_000)}) == MIXED.sizes[1]
