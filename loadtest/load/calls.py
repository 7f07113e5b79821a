"""What callers send and what they make of the answer, without any I/O.

An answer counts only if it is right: one result per paper, each in its place, every mention where it says it is.
"""

import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from pubserve import Analysis, AnalyzeResponse, Failure, Paper, Result

PRIORITY_HEADER = "x-priority"
DEADLINE_HEADER = "x-request-timeout-ms"

Priority = Literal["interactive", "bulk"]
Read = Callable[[bytes], Sequence[Result]]

REFUSALS = (429, 503)
LATE_CODE = "deadline_exceeded"

_RESULT: TypeAdapter[Result] = TypeAdapter(Result)


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of request. Sizes are papers, drawn log-uniformly between the two; `weight` is its share of callers."""

    name: str
    path: str
    priority: Priority
    sizes: tuple[int, int]
    weight: int
    think_s: float
    """Mean time a caller takes between an answer and the next request, exponentially distributed."""
    body: Callable[[Sequence[Paper]], dict[str, Any]]
    read: Read
    ordered: bool = True

    def headers(self, deadline_s: float) -> dict[str, str]:
        return {
            "content-type": "application/json",
            PRIORITY_HEADER: self.priority,
            DEADLINE_HEADER: str(max(1, round(deadline_s * 1e3))),
        }

    def encode(self, papers: Sequence[Paper]) -> str:
        return json.dumps(self.body(papers), separators=(",", ":"))

    def draw_size(self, chance: random.Random) -> int:
        low, high = self.sizes
        return min(high, int(math.exp(chance.uniform(math.log(low), math.log(high + 1)))))

    @property
    def mean_size(self) -> float:
        """Expected papers of a request."""
        low, high = self.sizes
        return (high + 1 - low) / math.log((high + 1) / low) - 0.5 if high > low else float(low)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `pieces` are parts of the body with the seconds from sending until they were there."""

    status: int
    headers: Mapping[str, str]
    pieces: Sequence[tuple[float, bytes]]
    seconds: float
    error: str = ""
    """Why there is no complete answer: the connection failed or broke."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the papers of one request ended; the four counts add up to the papers sent."""

    answered: int = 0
    late: int = 0
    """Accepted, and not answered before the deadline."""
    failed: int = 0
    refused: int = 0
    problem: str = ""
    retry_after_s: float | None = None


def papers_body(papers: Sequence[Paper]) -> dict[str, Any]:
    return {"papers": [paper.model_dump() for paper in papers]}


def chat_body(papers: Sequence[Paper]) -> dict[str, Any]:
    [paper] = papers
    return {"model": "pubserve", "messages": [{"role": "user", "content": paper.model_dump_json()}]}


def read_response(body: bytes) -> Sequence[Result]:
    return AnalyzeResponse.model_validate_json(body).results


def read_line(body: bytes) -> Sequence[Result]:
    return [_RESULT.validate_json(body)]


def read_chat(body: bytes) -> Sequence[Result]:
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("the answer is no chat completion") from error
    return [Analysis.model_validate_json(content)]


ANALYZE = "/v1/analyze"
SINGLE = Call("single", ANALYZE, "interactive", (1, 1), 3, 1.0, papers_body, read_response)
CHAT = Call("chat", "/v1/chat/completions", "interactive", (1, 1), 1, 1.0, chat_body, read_chat)
BATCH = Call("batch", ANALYZE, "bulk", (64, 64), 2, 0.0, papers_body, read_response)
MIXED = Call("mixed", ANALYZE, "bulk", (1, 128), 1, 0.0, papers_body, read_response)
STREAM = Call("stream", "/v1/analyze/stream", "bulk", (64, 64), 1, 0.0, papers_body, read_line, ordered=False)
CALLS = (SINGLE, CHAT, BATCH, MIXED, STREAM)


def outcome_of(call: Call, papers: Sequence[Paper], reply: Reply, deadline_s: float) -> Outcome:
    """Judge one reply, as its caller would."""
    if reply.status in REFUSALS:
        return Outcome(refused=len(papers), retry_after_s=_retry_after_s(reply.headers))
    if reply.status == 504:
        return Outcome(late=len(papers), problem="504: not answered before the deadline")
    if reply.status != 200:
        return Outcome(failed=len(papers), problem=reply.error or _error(reply))
    try:
        results = [(at_s, result) for at_s, piece in reply.pieces for result in call.read(piece)]
    except (ValueError, ValidationError) as error:
        return Outcome(failed=len(papers), problem=f"not what the contract says: {str(error).splitlines()[0]}")
    if not call.ordered:
        place = {paper.id: n for n, paper in enumerate(papers)}
        results.sort(key=lambda entry: place.get(entry[1].abstract_id, -1))
    if [result.abstract_id for _, result in results] != [paper.id for paper in papers]:
        problem = reply.error or f"{len(results)} results that are not those of the {len(papers)} papers sent"
        return Outcome(failed=len(papers), problem=problem)
    return _count(papers, results, deadline_s)


def _count(papers: Sequence[Paper], results: Sequence[tuple[float, Result]], deadline_s: float) -> Outcome:
    late = failed = 0
    problem = ""
    for paper, (at_s, result) in zip(papers, results, strict=True):
        if at_s > deadline_s or (isinstance(result, Failure) and result.error.code == LATE_CODE):
            late += 1
        elif wrong := _wrong(paper, result):
            failed += 1
            problem = wrong
    if late and not problem:
        problem = "answered after the deadline"
    return Outcome(answered=len(papers) - late - failed, late=late, failed=failed, problem=problem)


def _wrong(paper: Paper, result: Result) -> str:
    """What is wrong with the result of a paper; empty if nothing is."""
    if isinstance(result, Failure):
        return f"a good paper got an error: {result.error.code or result.error.type}"
    for mention in result.mentions:
        field = (paper.title if mention.field == "title" else paper.abstract) or ""
        if field[mention.start : mention.end] != mention.text:
            return "a mention is not where it says it is"
    return ""


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None


def _error(reply: Reply) -> str:
    try:
        error = json.loads(reply.pieces[0][1])["error"]
        return f"{reply.status}: {error.get('code') or error.get('type')}"
    except (IndexError, KeyError, TypeError, ValueError):
        return f"{reply.status}: without an error body"
