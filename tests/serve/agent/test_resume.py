"""A run that was killed goes on from its last step; one that waits for approval does so for as long as it takes."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pubserve.testing import MockTransport
from serve.agent.adjudication import KNOWN
from serve.agent.messages import AwaitsApproval, Broken, Outcome, RunRequest
from serve.agent.runs import Runs
from serve.agent.steps import Tools
from serve.errors import Conflict, InvalidRequest, NotFound, Unavailable
from serve.http.caller import EVERYONE
from serve.settings import Settings
from tests.client import http_service
from tests.serve.agent.conftest import PAPERS, Begin, names, report_in
from tests.serve.agent.llm_server import Llm, able

WITHIN_S = 120.0
UNCERTAIN = 6
RUN = [sys.executable, "-m", "pubserve", "agent", "run", "--run-id", "killed", "--json", "--file"]


def uncertain_papers(path: Path) -> Path:
    """Papers of which every first answer is near the threshold, by the reader below."""
    rows = [
        {"id": str(n), "title": f"Registry {n} of lung cancer", "abstract": "We followed it."} for n in range(UNCERTAIN)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def unsure(paper: Any) -> Any:
    analysis = MockTransport().read(paper)
    return analysis.model_copy(update={"confidence_scores": {"Cancer": 0.55, "Non-Cancer": 0.45}})


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, llm: Llm) -> None:
    stalls, go_on = threading.Event(), threading.Event()

    def stalling(schema: str, given: dict[str, Any]) -> Any:
        if given.get("title") == "Registry 3 of lung cancer" and not go_on.is_set():
            stalls.set()
            go_on.wait(WITHIN_S)
        return able(schema, given)

    llm.answer = stalling
    transport = MockTransport(unsure)
    environment = {
        **os.environ,
        "PUBSERVE_AGENT__STATE_DIR": str(tmp_path / "state"),
        "PUBSERVE_AGENT__BASE_URL": llm.url,
        "PUBSERVE_AGENT__AT_ONCE": "1",
    }
    papers = uncertain_papers(tmp_path / "papers.jsonl")
    with http_service.serving(transport) as service:
        environment["PUBSERVE_BASE_URL"] = service.url
        first = subprocess.Popen(
            [*RUN, str(papers)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            assert stalls.wait(WITHIN_S), "the run did not get to the paper that stalls"
        finally:
            os.kill(first.pid, signal.SIGKILL)
            first.communicate()
        go_on.set()
        asked_before = len(llm.asked)
        second = subprocess.run([*RUN, str(papers)], env=environment, capture_output=True, text=True, timeout=WITHIN_S)

    assert first.returncode == -signal.SIGKILL
    assert second.returncode == 0, second.stderr
    report = json.loads(second.stdout)
    assert [step["number"] for step in report["steps"]] == list(range(1, len(report["steps"]) + 1))
    assert report["adjudication"]["confirmed"] == UNCERTAIN
    assert [request.url.path for request in transport.requests] == ["/v1/analyze/stream"]
    # Known papers once, three papers before, the one that stalled once more, and the summary.
    assert asked_before == len(KNOWN) + 4
    assert len(llm.asked) == len(KNOWN) + UNCERTAIN + 1 + 1


@pytest.mark.anyio
async def test_approval_is_a_stop_that_keeps(
    begin: Begin, runs: Runs, tools: Tools, settings: Settings, llm: Llm
) -> None:
    waiting = (await begin(approve=True))[-1]

    assert isinstance(waiting, AwaitsApproval)
    assert [(change.paper_id, change.before, change.after) for change in waiting.changes] == [
        ("registry", ["Non-Cancer"], ["Cancer"])
    ]
    again = [event async for event in runs.resume("run", tools, owner=EVERYONE)]
    assert again[-1] == waiting
    async with Runs.open(settings.agent) as elsewhere:
        view = await elsewhere.view("run", owner=EVERYONE)
        assert (view.status, view.changes, view.report) == ("awaits_approval", waiting.changes, None)
        events = [event async for event in elsewhere.resume("run", tools, owner=EVERYONE, approved=True)]
    assert names(events) == ["approve", "cite", "summarise"]
    assert report_in(events).readings[2].labels == ["Cancer"]
    assert len(llm.verdicts_on()) == 2


@pytest.mark.anyio
async def test_what_is_not_approved_is_taken_back(begin: Begin, runs: Runs, tools: Tools) -> None:
    await begin(approve=True)

    events = [event async for event in runs.resume("run", tools, owner=EVERYONE, approved=False)]

    report = report_in(events)
    assert report.adjudication.status == "not_approved"
    reading = report.readings[2]
    assert reading.labels == reading.first_labels == ["Non-Cancer"]
    assert reading.second is not None
    assert reading.second.outcome is Outcome.NOT_APPROVED


@pytest.mark.anyio
async def test_a_run_that_asks_a_model_needs_one_to_go_on(runs: Runs, tools: Tools) -> None:
    events = runs.begin(RunRequest(papers=PAPERS, run_id="left"), tools, owner=EVERYONE)
    async for event in events:
        if event.event == "step" and event.step.name == "check":
            break
    await events.aclose()

    without = dataclasses.replace(tools, reader=None)
    last = [event async for event in runs.resume("left", without, owner=EVERYONE)][-1]

    assert isinstance(last, Broken)
    assert "PUBSERVE_AGENT__SECOND_READINGS" in last.error.message
    report_in([event async for event in runs.resume("left", tools, owner=EVERYONE)])


@pytest.mark.anyio
async def test_a_run_that_is_done_stays_as_it_is(begin: Begin, runs: Runs, tools: Tools, llm: Llm) -> None:
    report = report_in(await begin())
    asked = len(llm.asked)

    assert report_in(await begin()) == report
    assert report_in([event async for event in runs.resume("run", tools, owner=EVERYONE)]) == report
    assert (await runs.view("run", owner=EVERYONE)).report == report
    assert len(llm.asked) == asked


@pytest.mark.anyio
async def test_whoever_leaves_can_come_back(runs: Runs, tools: Tools) -> None:
    events = runs.begin(RunRequest(papers=PAPERS, run_id="left"), tools, owner=EVERYONE)
    async for event in events:
        if event.event == "step" and event.step.name == "read":
            break
    await events.aclose()

    assert (await runs.view("left", owner=EVERYONE)).status == "unfinished"
    rest = [event async for event in runs.resume("left", tools, owner=EVERYONE)]
    assert names(rest)[0] == "check"
    report_in(rest)


@pytest.mark.anyio
async def test_a_run_goes_on_in_one_place_at_a_time(begin: Begin, runs: Runs, tools: Tools) -> None:
    events = runs.begin(RunRequest(papers=PAPERS, run_id="run"), tools, owner=EVERYONE)
    await anext(events)

    with pytest.raises(Conflict, match="is in progress"):
        await begin()
    await events.aclose()


@pytest.mark.anyio
async def test_what_cannot_be_done_with_a_run(begin: Begin, runs: Runs, tools: Tools) -> None:
    await begin()

    with pytest.raises(Conflict, match="another request"):
        await begin(question="Another?")
    with pytest.raises(Conflict, match="does not wait for approval"):
        await anext(runs.resume("run", tools, owner=EVERYONE, approved=True))
    for owner, name in ((EVERYONE, "no-such-run"), ("somebody else", "run")):
        with pytest.raises(NotFound, match="There is no run"):
            await anext(runs.resume(name, tools, owner=owner))
        with pytest.raises(NotFound):
            await runs.view(name, owner=owner)


@pytest.mark.anyio
@pytest.mark.parametrize("agent", [{"max_papers": 3}])
async def test_papers_are_bounded(begin: Begin) -> None:
    with pytest.raises(InvalidRequest, match="There are 4 papers; a run takes up to 3"):
        await begin()


@pytest.mark.anyio
@pytest.mark.parametrize("agent", [{"kept_runs": 2}])
async def test_old_runs_make_room(begin: Begin, runs: Runs) -> None:
    for name in ("one", "two", "three"):
        await begin(run_id=name)

    assert await runs.results.runs(EVERYONE, 10) == ["three", "two"]
    with pytest.raises(NotFound):
        await runs.view("one", owner=EVERYONE)


@pytest.mark.anyio
async def test_a_state_directory_that_cannot_be_made(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "file").touch()
    agent = settings.agent.model_copy(update={"state_dir": str(tmp_path / "file" / "state")})

    with pytest.raises(Unavailable, match="PUBSERVE_AGENT__STATE_DIR"):
        async with Runs.open(agent):
            pass
