"""Locust users: callers that wait for their answers, and arrivals that wait for nobody."""

import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from gevent.pool import Group  # type: ignore[import-untyped]
from locust import FastHttpUser, task

from loadtest.load.calls import BATCH, CALLS, CHAT, MIXED, SINGLE, STREAM, Call, Outcome, Reply, outcome_of
from loadtest.load.options import LoadOptions
from loadtest.load.papers import PaperSource
from loadtest.load.timeline import Timeline
from pubserve import Paper

SILENCE_S = 10.0
"""How long after its deadline a request is given up: the service has to say by itself that it is late."""
RETRY_JITTER = 0.25
LARGEST_POOL = 10_000
CHUNK_BYTES = 2048
_KEY = {"authorization": f"Bearer {key}"} if (key := os.environ.get("PUBSERVE_API_KEY")) else {}
"""As the client does it."""
DECK = [call for call in CALLS for _ in range(call.weight)]
"""Every kind of call, as often as its weight says."""


@dataclass(slots=True)
class Load:
    """What all users of one process share."""

    options: LoadOptions
    papers: PaperSource
    timeline: Timeline = field(default_factory=Timeline)
    chance: random.Random = field(default_factory=random.Random)


class Caller(FastHttpUser):
    """Sends requests, judges the answers, and writes both into the timeline."""

    abstract = True
    load: ClassVar[Load]

    def ask(self, call: Call, papers: Sequence[Paper]) -> Outcome:
        load = self.load
        deadline_s = load.options.deadline_s(call.priority)
        body = call.encode(papers)
        headers = {**call.headers(deadline_s), **_KEY, "accept-encoding": "identity"}
        load.timeline.sent(call.name, len(papers), time.time())
        started_s = time.perf_counter()
        # `stream`: the head of an answer and its body are timed apart.
        with self.client.post(
            call.path, data=body, headers=headers, name=call.name, catch_response=True, stream=True
        ) as response:
            first_s = time.perf_counter() - started_s
            reply = _read(response, started_s, by_line=not call.ordered)
            outcome = outcome_of(call, papers, reply, deadline_s)
            response.request_meta["response_time"] = reply.seconds * 1e3
            response.request_meta["response_length"] = sum(len(piece) for _, piece in reply.pieces)
            if outcome.refused:
                # A refusal is what the service should do when it is full: no failure, and no answer either.
                response.request_meta["name"] = f"{call.name}, refused"
            if outcome.problem:
                response.failure(outcome.problem)
            else:
                response.success()
        load.timeline.ended(call.name, outcome, reply.seconds, time.time())
        if call is STREAM and outcome.answered:
            self._report(f"{call.name}, first result", first_s)
        return outcome

    def _report(self, name: str, seconds: float) -> None:
        self.environment.events.request.fire(
            request_type="POST", name=name, response_time=seconds * 1e3, response_length=0,
            response=None, context={}, exception=None,
        )  # fmt: skip


class ClosedLoop(Caller):
    """Waits for the answer, thinks, and asks again; refused, it comes back with the same papers when it was told to."""

    abstract = True
    call: ClassVar[Call]

    def on_start(self) -> None:
        self._refused: list[Paper] = []
        self._retry_after_s = 0.0

    @task
    def ask_once(self) -> None:
        papers = self._refused or self.load.papers.take(self.call.draw_size(self.load.chance))
        outcome = self.ask(self.call, papers)
        self._refused = papers if outcome.refused else []
        self._retry_after_s = outcome.retry_after_s or 1.0

    def wait_time(self) -> float:
        if self._refused:
            return self._retry_after_s * (1 + RETRY_JITTER * self.load.chance.random())
        return self.load.chance.expovariate(1 / self.call.think_s) if self.call.think_s else 0.0


class Single(ClosedLoop):
    call = SINGLE
    weight = SINGLE.weight


class Chat(ClosedLoop):
    call = CHAT
    weight = CHAT.weight


class Batch(ClosedLoop):
    call = BATCH
    weight = BATCH.weight


class Mixed(ClosedLoop):
    call = MIXED
    weight = MIXED.weight


class Stream(ClosedLoop):
    call = STREAM
    weight = STREAM.weight


class Arrivals(Caller):
    """A Poisson process of requests of all kinds, each from a caller of its own who does not come back if refused."""

    concurrency = LARGEST_POOL
    papers_per_s: ClassVar[float] = 0.0
    """What one such user offers; set before any starts."""

    def on_start(self) -> None:
        self._under_way = Group()
        self._due_s = time.perf_counter()
        self._requests_per_s = self.papers_per_s * len(DECK) / sum(call.mean_size for call in DECK)
        self._deck: list[Call] = []

    @task
    def arrive(self) -> None:
        # Dealt rather than drawn: kinds come in their shares, so that chance does not change how much is offered.
        if not self._deck:
            self._deck = self.load.chance.sample(DECK, len(DECK))
        call = self._deck.pop()
        self._under_way.spawn(self.ask, call, self.load.papers.take(call.draw_size(self.load.chance)))

    def wait_time(self) -> float:
        # On a clock of its own: what making a request takes does not slow the arrivals down.
        self._due_s += self.load.chance.expovariate(self._requests_per_s)
        return max(0.0, self._due_s - time.perf_counter())

    def on_stop(self) -> None:
        self._under_way.join()


CLOSED_LOOP: list[type[FastHttpUser]] = [Single, Chat, Batch, Mixed, Stream]
OPEN_LOOP: list[type[FastHttpUser]] = [Arrivals]


def prepare(load: Load) -> None:
    """Give all users of this process what they share, before any of them starts."""
    Caller.load = load
    Caller.network_timeout = max(load.options.interactive_deadline_s, load.options.bulk_deadline_s) + SILENCE_S


def _read(response: Any, started_s: float, *, by_line: bool) -> Reply:
    """The rest of an answer; lines of a stream are timed one by one."""
    pieces: list[tuple[float, bytes]] = []
    tail, error = b"", str(getattr(response, "error", None) or "")
    try:
        for chunk in response.iter_content(CHUNK_BYTES, decode_content=False) if response.status_code else ():
            tail += chunk
            if by_line and b"\n" in chunk:
                *lines, tail = tail.split(b"\n")
                now_s = time.perf_counter() - started_s
                pieces.extend((now_s, line) for line in lines if line.strip())
    except OSError as broken:
        error = f"the answer broke off: {type(broken).__name__}"
    seconds = time.perf_counter() - started_s
    if tail:
        pieces.append((seconds, tail))
    headers = {name.lower(): value for name, value in (response.headers or {}).items()}
    return Reply(response.status_code, headers, pieces, seconds, error)
