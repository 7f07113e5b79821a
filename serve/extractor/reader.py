"""One paper through the extractor: cut into units, read each, and resolve what was read."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from itertools import chain

from serve.extractor.grounding import Name
from serve.extractor.normalisation import Normaliser
from serve.extractor.prompt import PREFIX, BrokenAnswer, Generation, build_prompt, read_names
from serve.extractor.resolution import resolve
from serve.stages import DiseaseReading
from serve.text.document import Document
from serve.text.sentences import units

Generate = Callable[[str], Awaitable[Generation]]
"""Answers a prompt; raises what the engine raises."""


@dataclass(frozen=True, slots=True)
class _UnitReading:
    names: list[Name]
    generations: list[Generation]


async def read_diseases(
    document: Document,
    generate: Generate,
    normaliser: Normaliser,
    *,
    max_unit_chars: int,
    queue_ms: float,
    prefix: str = PREFIX,
) -> DiseaseReading:
    """Read all units of a paper at once; if one cannot be read, the paper cannot, and the other readings stop.

    Args:
        prefix: what the prompts begin with, as `prompt.prefix_of` writes it.

    Raises:
        BrokenAnswer: the answers to a unit, and to a half of it, are no whole lists.
    """
    started_s = time.monotonic()
    texts = [
        field[start:end]
        for field in (document.title, document.abstract)
        for start, end in units(field, max_chars=max_unit_chars)
    ]
    readings = await _together(_read_unit(generate, text, prefix) for text in texts)
    names = chain.from_iterable(reading.names for reading in readings)
    generations = [generation for reading in readings for generation in reading.generations]
    resolved = resolve(names, document, normaliser)
    return DiseaseReading(
        mentions=resolved.mentions,
        prompt_tokens=sum(g.prompt_tokens for g in generations),
        completion_tokens=sum(g.completion_tokens for g in generations),
        ungrounded=resolved.ungrounded,
        queue_ms=queue_ms,
        work_ms=(time.monotonic() - started_s) * 1e3,
        areas=resolved.areas,
    )


async def _read_unit(generate: Generate, text: str, prefix: str, *, may_halve: bool = True) -> _UnitReading:
    """Read a text. What breaks off is read once more, half by half: the same question would get the same answer."""
    generation = await generate(build_prompt(text, prefix))
    try:
        return _UnitReading(read_names(generation), [generation])
    except BrokenAnswer:
        if not may_halve:
            raise
    halves = [text[start:end] for start, end in units(text, max_chars=-(-len(text) // 2))]
    readings = await _together(_read_unit(generate, half, prefix, may_halve=False) for half in halves)
    return _UnitReading(
        names=[name for reading in readings for name in reading.names],
        generations=[generation, *(g for reading in readings for g in reading.generations)],
    )


async def _together(readings: Iterable[Coroutine[None, None, _UnitReading]]) -> list[_UnitReading]:
    """All of them at once; the first failure stops the others, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(reading) for reading in readings]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
