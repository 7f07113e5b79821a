"""Speeds of a running service, and how well a plan made from them foretells another batch."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence

from pydantic import BaseModel, ConfigDict

from loadtest.plan.inputs import Lengths, Speed, Speeds
from loadtest.plan.planner import papers_per_s
from pubserve import AnalyzeResponse, AsyncClient, Paper

PAPERS_PER_REQUEST = 16
REQUESTS_PER_REPLICA = 3
"""Enough that no replica waits for its next call."""

Call = Callable[[Sequence[Paper]], Awaitable[AnalyzeResponse]]


class Read(BaseModel):
    """One batch through the service."""

    model_config = ConfigDict(frozen=True)

    papers: int
    chars: int
    tokens: int
    seconds: float


class Incomplete(RuntimeError):
    """The service did not read every paper, so that the time it took says nothing."""


async def measure(client: AsyncClient, papers: Sequence[Paper], *, replicas: int) -> tuple[Speeds, dict[str, Read]]:
    """Each model alone, then both at once, on the same papers. `replicas` of each model are running.

    Raises:
        Incomplete: papers failed.
    """
    reads = {
        "classifier": await read(client.classify, papers, replicas=replicas),
        "extractor": await read(client.extract, papers, replicas=replicas),
        "both": await read(client.analyze, papers, replicas=replicas),
    }
    alone_s = max(reads["classifier"].seconds, reads["extractor"].seconds)
    return Speeds(
        classifier=_speed(reads["classifier"], replicas),
        extractor=_speed(reads["extractor"], replicas),
        in_company=alone_s / reads["both"].seconds,
    ), reads


async def read(call: Call, papers: Sequence[Paper], *, replicas: int) -> Read:
    """All papers, as many requests at once as keep every replica busy.

    Each text is marked, so that a service that remembers what it read has to read it again.

    Raises:
        Incomplete: papers failed.
    """
    places = asyncio.Semaphore(replicas * REQUESTS_PER_REPLICA)

    async def one(part: Sequence[Paper]) -> AnalyzeResponse:
        async with places:
            return await call(part)

    marked = _marked(papers)
    began_s = time.monotonic()
    answers = await asyncio.gather(*(one(part) for part in _requests(marked)))
    seconds = time.monotonic() - began_s
    if failed := sum(answer.usage.failed for answer in answers):
        raise Incomplete(f"{failed} of {len(papers)} papers failed; see what the service says of them, then measure")
    return Read(
        papers=len(papers),
        chars=sum(lengths_of(marked).chars),
        tokens=sum(answer.usage.total_tokens for answer in answers),
        seconds=seconds,
    )


def predict_s(speeds: Speeds, papers: Sequence[Paper], *, replicas: int) -> float:
    """How long `replicas` of each model, running already, will take for these papers."""
    lengths = lengths_of(papers)
    slower = min(papers_per_s(speeds, speed, lengths) for speed in (speeds.classifier, speeds.extractor))
    return len(papers) / (slower * replicas)


def lengths_of(papers: Sequence[Paper]) -> Lengths:
    return Lengths.of((paper.title or "", paper.abstract or "") for paper in papers)


def _speed(read: Read, replicas: int) -> Speed:
    return Speed(tokens_per_s=read.tokens / read.seconds / replicas, chars_per_token=read.chars / read.tokens)


def _marked(papers: Sequence[Paper]) -> list[Paper]:
    mark = f"[{secrets.token_hex(3)}]"
    return [
        paper.model_copy(update={"title": f"{paper.title or ''} {mark}"}) if paper.title or paper.abstract else paper
        for paper in papers
    ]


def _requests(papers: Sequence[Paper]) -> list[Sequence[Paper]]:
    return [papers[start : start + PAPERS_PER_REQUEST] for start in range(0, len(papers), PAPERS_PER_REQUEST)]
