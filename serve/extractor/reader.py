"""One paper through the extractor: cut into units, read each, and resolve what was read."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import chain

from serve.extractor.normalisation import Normaliser
from serve.extractor.prompt import Generation, build_prompt, read_names
from serve.extractor.resolution import resolve
from serve.stages import DiseaseReading
from serve.text.document import Document
from serve.text.sentences import units

Generate = Callable[[str], Awaitable[Generation]]
"""Answers a prompt; raises what the engine raises."""


async def read_diseases(
    document: Document, generate: Generate, normaliser: Normaliser, *, max_unit_chars: int, queue_ms: float
) -> DiseaseReading:
    """Read all units of a paper at once; if one cannot be read, the paper cannot, and the other readings stop."""
    started_s = time.monotonic()
    texts = [
        field[start:end]
        for field in (document.title, document.abstract)
        for start, end in units(field, max_chars=max_unit_chars)
    ]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_generate(generate, text)) for text in texts]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    generations = [task.result() for task in tasks]
    resolved = resolve(chain.from_iterable(map(read_names, generations)), document, normaliser)
    return DiseaseReading(
        mentions=resolved.mentions,
        prompt_tokens=sum(g.prompt_tokens for g in generations),
        completion_tokens=sum(g.completion_tokens for g in generations),
        ungrounded=resolved.ungrounded,
        queue_ms=queue_ms,
        work_ms=(time.monotonic() - started_s) * 1e3,
        areas=resolved.areas,
    )


async def _generate(generate: Generate, text: str) -> Generation:
    return await generate(build_prompt(text))
