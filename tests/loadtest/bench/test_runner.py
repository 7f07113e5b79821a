"""Rounds of measurements, with a real program: the echo."""

import dataclasses
from pathlib import Path

from loadtest.bench.measurement import Load, Runs, Work
from loadtest.bench.peers.echo import ECHO
from loadtest.bench.peers.peer import Peer
from loadtest.bench.runner import Plan, Runner
from pubserve import Paper

ONE, BATCH = Load(concurrency=1), Load(concurrency=2, papers_per_request=8)
BROKEN = dataclasses.replace(ECHO, name="broken", program=("-c", "raise SystemExit('no weights')", "{port}"))


def plan(papers: list[Paper], *peers: Peer, rounds: int = 1) -> Plan:
    return Plan([dataclasses.replace(peer, loads=None) for peer in peers], papers, rounds, [ONE, BATCH], 0.2)


def test_every_peer_is_measured_under_every_load_once_a_round(papers: list[Paper], tmp_path: Path) -> None:
    runs, doing = Runs(tmp_path, {}), list[str]()
    Runner(plan(papers, ECHO), runs, doing.append).run()
    assert {(m.work, m.load, m.round) for m in runs} == {(Work.ANALYZE, ONE, 0), (Work.ANALYZE, BATCH, 0)}
    assert len(doing) == plan(papers, ECHO).size == 2
    for measured in runs:
        assert measured.outcome.failed == 0
        assert measured.papers_per_s > 0
        assert measured.cpu_s_per_1000_papers > 0
        assert measured.peak_bytes > 2**20


def test_what_was_measured_is_not_measured_again(papers: list[Paper], tmp_path: Path) -> None:
    runs = Runs(tmp_path, {})
    Runner(plan(papers, ECHO), runs, lambda _: None).run()
    before = list(runs)
    unstartable = dataclasses.replace(BROKEN, name=ECHO.name)
    again = Runner(plan(papers, unstartable), runs, lambda _: None)
    again.run()
    assert list(runs) == before
    assert again.failures == {}


def test_a_peer_that_does_not_start_is_named_and_the_others_are_measured(papers: list[Paper], tmp_path: Path) -> None:
    runs = Runs(tmp_path, {})
    runner = Runner(plan(papers, BROKEN, ECHO), runs, lambda _: None)
    runner.run()
    assert "no weights" in runner.failures["broken"]
    assert {measured.peer for measured in runs} == {ECHO.name}


def test_another_peer_is_first_in_each_round(papers: list[Paper]) -> None:
    of_two = plan(papers, ECHO, BROKEN)
    assert [peer.name for peer in of_two.in_round(0)] == ["fastapi-echo", "broken"]
    assert [peer.name for peer in of_two.in_round(1)] == ["broken", "fastapi-echo"]


def test_every_load_begins_at_another_place_in_the_same_list_whoever_is_put_under_it(papers: list[Paper]) -> None:
    alone, both = plan(papers, ECHO), plan(papers, BROKEN, ECHO)
    first, second = (both.papers_for(load) for load in (ONE, BATCH))
    assert first[0] != second[0]
    assert {paper.id for paper in first} == {paper.id for paper in second} == {paper.id for paper in papers}
    assert alone.papers_for(ONE) == first
