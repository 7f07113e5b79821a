"""Steady load for a while: do memory and file handles stay where they are?"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator

import psutil
from pydantic import BaseModel, Field

from loadtest.faults.load import Load
from loadtest.faults.site import Site, processes

PERIOD_S = 30.0
WARM_UP_S = 30.0


class Sample(BaseModel):
    """All processes of a part together."""

    at_s: float
    rss_bytes: int
    handles: int


class Soak(BaseModel):
    """How a service fared; samples by part."""

    for_s: float
    sent: int
    answered: int
    refused: int
    failed: int
    lost: int
    doubled: int
    errors: dict[str, int] = {}
    parts: dict[str, list[Sample]] = Field(description="Every half minute, after half a minute to warm up.")

    def rows(self) -> Iterator[list[str]]:
        """Part, then first, last and largest: resident MiB, and file handles."""
        for part, samples in self.parts.items():
            sizes = [sample.rss_bytes / 2**20 for sample in samples]
            handles = [sample.handles for sample in samples]
            yield [
                part,
                *(f"{size:.1f}" for size in (sizes[0], sizes[-1], max(sizes))),
                *(f"{count}" for count in (handles[0], handles[-1], max(handles))),
            ]


async def soak(site: Site, *, for_s: float) -> Soak:
    """Load for so long, the warm-up not counted."""
    load = Load(site.url, chat_model=site.settings.extractor.model)
    running = asyncio.create_task(load.run())
    await asyncio.sleep(WARM_UP_S)
    parts: dict[str, list[Sample]] = {}
    began_s = time.monotonic()
    while (at_s := time.monotonic() - began_s) <= for_s:
        for part, sample in (await asyncio.to_thread(_samples, at_s)).items():
            parts.setdefault(part, []).append(sample)
        await asyncio.sleep(PERIOD_S - (time.monotonic() - began_s) % PERIOD_S)
    load.stop()
    await running
    books = (load.papers, load.chats)
    return Soak(
        for_s=for_s,
        sent=sum(book.sent for book in books),
        answered=sum(book.answered for book in books),
        refused=sum(book.refused for book in books),
        failed=sum(book.failed for book in books),
        lost=sum(book.lost for book in books),
        doubled=sum(book.duplicated for book in books),
        errors=dict(sum((book.errors for book in books), Counter())),
        parts=parts,
    )


def _samples(at_s: float) -> dict[str, Sample]:
    samples = {}
    for part, found in sorted(processes().items()):
        sizes = list(filter(None, map(_size, found)))
        samples[part] = Sample(
            at_s=round(at_s, 1),
            rss_bytes=sum(rss_bytes for rss_bytes, _ in sizes),
            handles=sum(handles for _, handles in sizes),
        )
    return samples


def _size(process: psutil.Process) -> tuple[int, int] | None:
    """Resident bytes and file handles; None if it has ended since it was found."""
    try:
        return process.memory_info().rss, process.num_fds()
    except psutil.Error:
        return None
