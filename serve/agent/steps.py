"""The steps of a run. Each takes the state, says what it did, and gives what is to change."""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from langgraph.types import interrupt

from pubserve import AsyncClient, Batching, PubMed
from pubserve.contract import Analysis, Paper, Task
from pubserve.errors import PubserveError
from serve.agent.adjudication import as_data, check_model, read_again
from serve.agent.budget import Budget, OutOfBudget
from serve.agent.citations import citations_of
from serve.agent.doubts import doubts_about
from serve.agent.messages import (
    Change,
    LeftOut,
    Limit,
    ModelCheck,
    Outcome,
    Reading,
    RunRequest,
    SecondReading,
)
from serve.agent.pubmed_search import search
from serve.agent.second_reader import ModelUnavailable, SecondReader
from serve.agent.state import AgentState
from serve.agent.summary import claims_of_model, claims_of_papers, nearest, parts
from serve.settings import AgentSettings

TASKS = (Task.LABELS, Task.DISEASES, Task.CITATIONS, Task.SUMMARY)
BATCHING = Batching(max_papers=64, concurrency=2, patience_s=60)
STEPS_AFTER_ADJUDICATION = 4
"""Approval, citations, and a summary by the model or by the papers."""

Said = tuple[str, AgentState]

_CHECKED = {
    ModelCheck.ABLE: "the language model quotes well enough to read uncertain papers again",
    ModelCheck.TOO_WEAK: "the language model is too weak to quote what it reads: first answers stand",
    ModelCheck.UNAVAILABLE: "the language model does not answer: first answers stand",
    ModelCheck.OFF: "no language model is asked: first answers stand",
}


@dataclass(frozen=True, slots=True)
class Tools:
    """What the steps of a run work with. `reader` is None where no language model is to be asked."""

    service: AsyncClient
    reader: SecondReader | None
    pubmed: PubMed
    settings: AgentSettings


class Steps:
    """The steps of a run, in the order in which they are written here."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def fetch(self, state: AgentState) -> Said:
        """The papers that were given, and those of PubMed, by their PMIDs or by the question; each id once."""
        request = state["request"]
        found = await search(request.question or "", most=request.find) if request.find else []
        papers, left_out = await gather(request.papers, [*request.pmids, *found], self._tools.pubmed)
        fetched = len({paper.id for paper in papers} - {paper.id for paper in request.papers})
        said = f"{_papers(len(papers))}, {fetched} of them from PubMed; {len(left_out)} left out"
        return said, {"papers": papers, "left_out": left_out}

    async def clean(self, state: AgentState) -> Said:
        """Papers of which cleaning leaves nothing are left out. Others stay as they came, since offsets count that."""
        kept: list[Paper] = []
        left_out: list[LeftOut] = []
        removed = 0
        cleaned = await asyncio.to_thread(lambda: [as_data(paper) for paper in state["papers"]])
        for paper, left in zip(state["papers"], cleaned, strict=True):
            if any(left.values()):
                kept.append(paper)
                removed += len(paper.title or "") + len(paper.abstract or "") - sum(map(len, left.values()))
            else:
                left_out.append(LeftOut(paper_id=paper.id, reason="there is nothing to read in it"))
        said = f"{removed:,} characters of markup, notices and references set aside; {len(left_out)} left out"
        return said, {"papers": kept, "left_out": left_out}

    async def read(self, state: AgentState) -> Said:
        """Labels, diseases, citations and conclusions of all papers, in one run of the service at bulk priority."""
        papers = {paper.id: paper for paper in state["papers"]}
        readings: list[Reading] = []
        left_out: list[LeftOut] = []
        margin = self._tools.settings.uncertain_margin
        answers = self._tools.service.analyze_many(list(papers.values()), TASKS, batching=BATCHING)
        async with aclosing(answers):
            async for result in answers:
                if isinstance(result, Analysis):
                    readings.append(reading_of(papers[result.abstract_id], result, margin=margin))
                else:
                    left_out.append(LeftOut(paper_id=result.abstract_id, reason=result.error.message))
        uncertain = [reading.paper_id for reading in readings if reading.doubts]
        read = [papers[reading.paper_id] for reading in readings]
        by_question = nearest(state["request"].question, read, lambda paper: f"{paper.title} {paper.abstract}")
        said = f"{_papers(len(readings))} classified, diseases extracted; {len(uncertain)} uncertain"
        return said, {
            "readings": readings,
            "left_out": left_out,
            "pending": uncertain,
            "to_sum_up": [paper.id for paper in by_question],
        }

    async def check(self, state: AgentState) -> Said:
        """Whether the language model can be trusted with a second reading."""
        budget = self._budget(state)
        try:
            check = await check_model(self._reader, budget) if self._tools.reader else ModelCheck.OFF
        except OutOfBudget:
            check = ModelCheck.OFF
        return _CHECKED[check], {**_spent(budget), "check": check}

    async def adjudicate(self, state: AgentState) -> Said:
        """Second readings of the next uncertain papers, each on its own."""
        reader, at_once = self._reader, self._tools.settings.at_once
        budget = self._budget(state)
        now, pending = state["pending"][:at_once], state["pending"][at_once:]
        papers = {paper.id: paper for paper in state["papers"]}
        first = {reading.paper_id: reading.first_labels for reading in state["readings"]}
        second = await asyncio.gather(*(read_again(papers[id], first[id], reader, budget) for id in now))
        seconds = dict(zip(now, second, strict=True))
        readings = [_after(reading, seconds.get(reading.paper_id)) for reading in state["readings"]]
        no_step_left = bool(pending) and self._steps_left(state) <= STEPS_AFTER_ADJUDICATION
        changed = sum(one.outcome is Outcome.CHANGED for one in second)
        confirmed = sum(one.outcome is Outcome.CONFIRMED for one in second)
        said = f"{_papers(len(now))} read again: {changed} changed, {confirmed} confirmed, {len(pending)} to go"
        return said, {
            **_spent(budget, Limit.STEPS if no_step_left else None),
            "readings": readings,
            "pending": pending,
        }

    async def approve(self, state: AgentState) -> Said:
        """Where that is wanted, a stop until someone has seen what the second readings changed."""
        if not state["request"].approve:
            return "no approval was asked for", {"approved": True}
        changes = changes_in(state["readings"])
        approved = bool(interrupt([change.model_dump(mode="json") for change in changes]))
        if approved:
            return f"{len(changes)} changes approved", {"approved": True}
        readings = [_undone(reading) for reading in state["readings"]]
        return f"{len(changes)} changes not approved: first answers stand", {"approved": False, "readings": readings}

    async def cite(self, state: AgentState) -> Said:
        """What the papers cite, and where they cite each other."""
        citations = citations_of(state["readings"])
        within = sum(cited.paper_id is not None for cited in citations)
        return f"{len(citations)} things cited, {within} of them papers of this set", {"citations": citations}

    async def summarise(self, state: AgentState) -> Said:
        """Claims of the language model about the next papers, those nearest to the question first."""
        reader, settings = self._reader, self._tools.settings
        budget = self._budget(state)
        papers = {paper.id: paper for paper in state["papers"]}
        waiting = [papers[id] for id in state["to_sum_up"]]
        now = next(parts(waiting, max_tokens=settings.summary_tokens, max_papers=settings.summary_papers))
        try:
            claims, dropped = await claims_of_model(state["request"].question, now, reader, budget)
        except (ModelUnavailable, OutOfBudget):
            said = f"the language model says nothing of {_papers(len(waiting))}: no answer, or no tokens left"
            return said, {**_spent(budget), "to_sum_up_now": False}
        left = [paper.id for paper in waiting[len(now) :]]
        go_on = bool(left) and self._steps_left(state) > 1
        said = f"{_papers(len(now))} summed up in {len(claims)} claims; {dropped} dropped, {len(left)} papers to go"
        return said, {
            **_spent(budget, Limit.STEPS if left and not go_on else None),
            "claims": claims,
            "claims_dropped": dropped,
            "to_sum_up": left,
            "to_sum_up_now": go_on,
            "summary_by": "model",
        }

    async def conclude(self, state: AgentState) -> Said:
        """A summary in the papers' own sentences, where the language model has not written one."""
        question, most = state["request"].question, self._tools.settings.max_claims
        claims = await asyncio.to_thread(claims_of_papers, question, state["papers"], state["readings"], most=most)
        said = f"{len(claims)} conclusions in the papers' own words"
        return said, {"claims": claims, "to_sum_up": [], "summary_by": "papers"}

    @property
    def _reader(self) -> SecondReader:
        if self._tools.reader is None:
            raise PubserveError(
                "The run asks a language model, and the settings name none.",
                hint="set PUBSERVE_AGENT__SECOND_READINGS=true.",
            )
        return self._tools.reader

    def _budget(self, state: AgentState) -> Budget:
        calls, tokens = llm_limits(state["request"], self._tools.settings)
        return Budget(calls, tokens, state["spent"])

    def _steps_left(self, state: AgentState) -> int:
        """After the step that is being taken."""
        return self._tools.settings.max_steps - len(state["steps"]) - 1


async def gather(given: Iterable[Paper], pmids: Iterable[str], pubmed: PubMed) -> tuple[list[Paper], list[LeftOut]]:
    """The papers that were given, then those of PubMed; each id once, and the reasons for those that are not there.

    Raises:
        PubMedUnavailable: NCBI does not answer.
    """
    papers: dict[str, Paper] = {}
    left_out: list[LeftOut] = []
    for paper in given:
        if paper.id in papers:
            left_out.append(LeftOut(paper_id=paper.id, reason="its id is there already"))
        papers.setdefault(paper.id, paper)
    wanted = [pmid for pmid in dict.fromkeys(pmids) if pmid not in papers]
    found = await asyncio.to_thread(pubmed.fetch, wanted) if wanted else {}
    left_out += [LeftOut(paper_id=pmid, reason="PubMed has no text of it") for pmid in wanted if pmid not in found]
    return [*papers.values(), *found.values()], left_out


def reading_of(paper: Paper, analysis: Analysis, *, margin: float) -> Reading:
    """What the service said of a paper, and how sure that is; see `doubts_about`."""
    return Reading(
        paper_id=paper.id,
        title=paper.title or "",
        labels=analysis.predicted_labels,
        first_labels=analysis.predicted_labels,
        confidence_scores=analysis.confidence_scores,
        diseases=analysis.extracted_diseases,
        citations=analysis.citations,
        conclusion=analysis.summary,
        doubts=doubts_about(analysis, margin=margin),
    )


def llm_limits(request: RunRequest, settings: AgentSettings) -> tuple[int, int]:
    """Calls and tokens that a run may spend: what it asks for, within the settings."""
    calls, tokens = request.max_llm_calls, request.max_llm_tokens
    return (
        settings.max_llm_calls if calls is None else min(calls, settings.max_llm_calls),
        settings.max_llm_tokens if tokens is None else min(tokens, settings.max_llm_tokens),
    )


def changes_in(readings: Iterable[Reading]) -> list[Change]:
    """The labels that second readings have changed."""
    return [
        Change(
            paper_id=reading.paper_id,
            before=reading.first_labels,
            after=reading.labels,
            evidence=reading.second.evidence,
        )
        for reading in readings
        if reading.second and reading.second.outcome is Outcome.CHANGED and reading.second.evidence
    ]


def _after(reading: Reading, second: SecondReading | None) -> Reading:
    if second is None:
        return reading
    changed = second.outcome is Outcome.CHANGED and second.label
    update: dict[str, Any] = {"second": second}
    return reading.model_copy(update={**update, "labels": [second.label]} if changed else update)


def _undone(reading: Reading) -> Reading:
    if reading.second is None or reading.second.outcome is not Outcome.CHANGED:
        return reading
    second = reading.second.model_copy(update={"outcome": Outcome.NOT_APPROVED})
    return reading.model_copy(update={"labels": reading.first_labels, "second": second})


def _papers(count: int) -> str:
    return f"{count} paper" if count == 1 else f"{count} papers"


def _spent(budget: Budget, limit: Limit | None = None) -> AgentState:
    """What a step has spent, and the limit that it reached, if any; one that was reached before stays."""
    reached = budget.reached or limit
    return {"spent": budget.spent, "limit_reached": reached} if reached else {"spent": budget.spent}
