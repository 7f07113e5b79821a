"""One fault under load: what became of every paper and chat, and how long it took until all was as before."""

import asyncio
import time
from collections.abc import Sequence

from pydantic import BaseModel, Field

from loadtest.faults.catalog import Fault
from loadtest.faults.load import Load
from loadtest.faults.site import POLL_S, Site
from loadtest.scale.ledger import Answered, Ledger

WARM_UP_S = 4.0
BEFORE_S = 8.0
WINDOW_S = 5.0
SHARE = 0.8
"""Of the papers per second before the fault: from there on the service counts as recovered."""


class Counts(BaseModel):
    """Each that was sent is in one column."""

    sent: int
    answered: int
    refused: int = Field(description="Given up by the client after its retries; the last answer was 429 or 503.")
    failed: int
    lost: int = Field(description="Of which nothing was heard again.")
    doubled: int
    errors: dict[str, int]


class Outcome(BaseModel):
    """What a fault did. Times in seconds from the fault; null: not within the patience."""

    fault: str
    title: str
    papers: Counts
    chats: Counts
    wire: dict[str, int] = Field(description="What came back to single attempts of the clients, retries among them.")
    papers_per_s: float = Field(description="Before the fault.")
    first_answer_s: float | None = Field(description="Until something that was sent after the fault was answered.")
    recovered_s: float | None = Field(description="Until as much was answered per second as before.")
    whole_s: float | None = Field(description="Until every process was there again.")
    notes: dict[str, str | int] = {}


async def put_to_trial(site: Site, fault: Fault, *, before_s: float = BEFORE_S, share: float = SHARE) -> Outcome:
    """Load, after `before_s` seconds of it the fault, and load until the service is as it was.

    It is as it was when every process is there, and it answers `share` of the papers per second before.
    """
    load = Load(site.url, chat_model=site.settings.extractor.model)
    running = asyncio.create_task(load.run())
    await asyncio.sleep(WARM_UP_S + before_s)
    struck_s = time.monotonic()
    ledger = load.chats if fault.about_chats else load.papers
    before = rate(ledger.answers, struck_s - before_s, struck_s)
    whole_s = None
    async with fault.strike(site) as notes:
        while (passed_s := time.monotonic() - struck_s) < fault.patience_s:
            if whole_s is None and await site.is_whole():
                whole_s = time.monotonic() - struck_s
            back = recovered_s(ledger.answers, struck_s, before, share) is not None
            if back and whole_s is not None and passed_s > max(fault.lasts_s, WINDOW_S):
                break
            await asyncio.sleep(POLL_S)
    load.stop()
    await running
    return Outcome(
        fault=fault.name,
        title=fault.title,
        papers=_counts(load.papers),
        chats=_counts(load.chats),
        wire=dict(load.wire),
        papers_per_s=rate(load.papers.answers, struck_s - before_s, struck_s),
        first_answer_s=first_answer_s(ledger.answers, struck_s),
        recovered_s=recovered_s(ledger.answers, struck_s, before, share),
        whole_s=whole_s,
        notes=notes,
    )


def rate(answers: Sequence[Answered], from_s: float, to_s: float) -> float:
    """Answered per second."""
    return sum(answer.papers for answer in answers if from_s < answer.at_s <= to_s) / (to_s - from_s)


def first_answer_s(answers: Sequence[Answered], struck_s: float) -> float | None:
    """Seconds from the fault to the first answer to what was sent after it."""
    later = [answer.at_s - struck_s for answer in answers if answer.at_s - answer.waited_s >= struck_s]
    return min(later, default=None)


def recovered_s(answers: Sequence[Answered], struck_s: float, before: float, share: float = SHARE) -> float | None:
    """Seconds from the fault to the first window whose rate is near the one before; 0 where it never fell."""
    if not answers:
        return None
    last_s = answers[-1].at_s
    starts_s = [struck_s, *(answer.at_s for answer in answers if answer.at_s > struck_s)]
    for start_s in starts_s:
        if start_s + WINDOW_S > last_s:
            return None
        if rate(answers, start_s, start_s + WINDOW_S) >= share * before:
            return start_s - struck_s
    return None


def _counts(ledger: Ledger) -> Counts:
    return Counts(
        sent=ledger.sent,
        answered=ledger.answered,
        refused=ledger.refused,
        failed=ledger.failed,
        lost=ledger.lost,
        doubled=ledger.duplicated,
        errors=dict(ledger.errors),
    )
