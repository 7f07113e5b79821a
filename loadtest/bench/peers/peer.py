"""What a peer is: a server program, and how papers are given to it."""

import itertools
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from loadtest.bench.closed_loop import Call, Request, drive
from loadtest.bench.measurement import Load, Outcome, Work
from pubserve import Paper

LOOP_PATH = "/run"
LOOP_TIMEOUT_S = 3600.0

SINGLE_PAPERS = tuple(Load(concurrency=concurrency) for concurrency in (1, 8, 32, 128))
IN_BATCHES = Load(concurrency=4, papers_per_request=32)
"""As many papers in flight as there are single ones at most, from callers who have many to send."""


class Drive(Protocol):
    """Puts a load on a peer for some seconds. Raises `ValueError` where nothing was answered."""

    def __call__(self, url: str, work: Work, papers: Sequence[Paper], load: Load, budget_s: float) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to read papers.

    Args:
        runs: what it runs, in a sentence for the report.
        program: what follows `python` on its command line; `{port}` stands for the port.
        works: what it is asked for.
        drive: how it is asked.
        env: on top of the environment of this process.
        ready_path: answers once the peer can work.
        drops_abandoned: whether it stops working for callers who have gone; one that does not is started anew.
        stream: the call that streams the results of all its papers.
        loads: what it is put under, if not under what the others are.
        also: what it is put under besides.
    """

    name: str
    runs: str
    program: Sequence[str]
    works: Sequence[Work]
    drive: Drive
    env: Mapping[str, str] = field(default_factory=dict)
    ready_path: str = "/healthz"
    drops_abandoned: bool = False
    stream: Callable[[Sequence[Paper]], Call] | None = None
    loads: Sequence[Load] | None = None
    also: Sequence[Load] = ()

    def command(self, port: int) -> list[str]:
        return [sys.executable, *(part.format(port=port) for part in self.program)]


@dataclass(frozen=True, slots=True)
class OverHttp:
    """Asks a server over HTTP. `calls` makes of the papers of one request the calls that read them."""

    calls: Callable[[Work, Sequence[Paper]], Sequence[Call]]

    def __call__(self, url: str, work: Work, papers: Sequence[Paper], load: Load, budget_s: float) -> Outcome:
        requests = [Request(len(part), self.calls(work, part)) for part in in_parts(papers, load.papers_per_request)]
        return drive(url, itertools.cycle(requests), concurrency=load.concurrency, budget_s=budget_s)


def in_loop(url: str, work: Work, papers: Sequence[Paper], load: Load, budget_s: float) -> Outcome:
    """Has a loop in another process read as many papers at a time as are in flight, and takes the time it measured."""
    order = {
        "papers": [paper.model_dump() for paper in papers],
        "papers_at_once": load.concurrency * load.papers_per_request,
        "budget_s": budget_s,
    }
    answer = httpx.post(url + LOOP_PATH, json=order, timeout=LOOP_TIMEOUT_S)
    answer.raise_for_status()
    return Outcome.model_validate(answer.json())


def json_call(path: str, body: Any) -> Call:
    return Call(path, json.dumps(body).encode())


def in_parts(papers: Sequence[Paper], size: int) -> Iterator[Sequence[Paper]]:
    """Parts of `size` papers; what is left over is left out, unless it is all there is."""
    ends = max(len(papers) - size, 0) + 1
    return (papers[start : start + size] for start in range(0, ends, size))


def text_of(paper: Paper) -> str:
    """Title and abstract as one text, as a plain server would read them."""
    return f"{paper.title or ''}\n{paper.abstract or ''}".strip()
