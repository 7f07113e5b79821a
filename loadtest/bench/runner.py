"""Rounds of measurements: in each, every peer is started in turn, put under every load, and ended.

A machine's speed drifts; as the peers take turns within a round, the drift of hours hits all of them.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from loadtest.bench.closed_loop import first_line_s
from loadtest.bench.measurement import Load, Measurement, Runs, Work
from loadtest.bench.peers.peer import Peer
from loadtest.processes import DidNotStart, ProcessWatch, free_port, serving
from pubserve import Paper

ONE_PAPER_S = 0.001
"""Time for one paper: what has begun is read to its end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Args:
        loads: for peers that have none of their own.
        budget_s: how long a load lasts.
    """

    peers: Sequence[Peer]
    papers: Sequence[Paper]
    rounds: int
    loads: Sequence[Load]
    budget_s: float

    def cases(self, peer: Peer) -> list[tuple[Work, Load]]:
        return [(work, load) for work in peer.works for load in [*(peer.loads or self.loads), *peer.also]]

    def in_round(self, round_: int) -> list[Peer]:
        """The peers in their order, another one first in each round."""
        first = round_ % len(self.peers)
        return [*self.peers[first:], *self.peers[:first]]

    def papers_for(self, load: Load) -> Sequence[Paper]:
        """The same list for all peers, from another place for each load: nothing is gained by having read it."""
        start = Random(str(load)).randrange(len(self.papers))
        return [*self.papers[start:], *self.papers[:start]]

    @property
    def size(self) -> int:
        return self.rounds * sum(len(self.cases(peer)) for peer in self.peers)


@dataclass(frozen=True, slots=True)
class RunningPeer:
    url: str
    watch: ProcessWatch
    pid: int


@contextlib.contextmanager
def running(peer: Peer, work: Work, papers: Sequence[Paper], logs: Path) -> Iterator[RunningPeer]:
    """The peer's program, started and warm: it has read one paper. Raises `DidNotStart`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = logs / f"{peer.name}.log"
    with serving(peer.command(port), url + peer.ready_path, log=log, env=peer.env) as process:
        watch = ProcessWatch(process.pid)
        try:
            peer.drive(url, work, papers[-1:], Load(concurrency=1), ONE_PAPER_S)
            yield RunningPeer(url, watch, process.pid)
        finally:
            watch.stop()


@dataclass(slots=True)
class Runner:
    """Makes the measurements of a plan that are not there yet.

    A peer that fails does not keep the others from being measured; `failures` says what went wrong, by peer.
    """

    plan: Plan
    runs: Runs
    progress: Callable[[str], None]
    """Told what is done next, once per measurement, those that are there already included."""
    failures: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        for round_ in range(self.plan.rounds):
            for peer in self.plan.in_round(round_):
                self._run_peer(peer, round_)

    def _run_peer(self, peer: Peer, round_: int) -> None:
        with _Turn(peer, self.runs.folder / "logs") as turn:
            for work, load in self.plan.cases(peer):
                self.progress(f"round {round_ + 1}: {peer.name}, {work}, {load}")
                if self.runs.find(peer.name, work, load, round_):
                    continue
                papers = self.plan.papers_for(load)
                try:
                    self.runs.keep(turn.measure(work, load, papers, self.plan.budget_s, round_))
                except (DidNotStart, ValueError, httpx.HTTPError) as error:
                    self.failures[peer.name] = f"{work}, {load}: {error}"


class _Turn:
    """One peer's turn: its program starts with the first measurement, and again where it has to."""

    def __init__(self, peer: Peer, logs: Path) -> None:
        self._peer = peer
        self._logs = logs
        self._stack = contextlib.ExitStack()
        self._running: RunningPeer | None = None

    def __enter__(self) -> "_Turn":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def measure(self, work: Work, load: Load, papers: Sequence[Paper], budget_s: float, round_: int) -> Measurement:
        if self._running is None:
            self._running = self._stack.enter_context(running(self._peer, work, papers, self._logs))
        url, watch = self._running.url, self._running.watch
        watch.forget_peak()
        before = watch.cpu_s()
        outcome = self._peer.drive(url, work, papers, load, budget_s)
        after, peak_bytes = watch.cpu_s(), watch.peak_bytes
        if self._peer.stream:
            # Where a peer streams, the first result is that of one request for as many papers as were in flight.
            call = self._peer.stream(papers[: load.concurrency * load.papers_per_request])
            outcome = outcome.model_copy(update={"first_result_s": asyncio.run(first_line_s(url, call))})
        if outcome.abandoned and not self._peer.drops_abandoned:
            self._end()
        return Measurement(
            peer=self._peer.name, work=work, load=load, round=round_, outcome=outcome, peak_bytes=peak_bytes,
            cpu_s={name: after[name] - before.get(name, 0.0) for name in after},
        )  # fmt: skip

    def _end(self) -> None:
        self._stack.close()
        self._running = None
