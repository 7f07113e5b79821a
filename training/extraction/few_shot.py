"""The generator as it comes, shown a few annotated texts: what training has to beat."""

import asyncio
import os
import random
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pubserve.contract import Mention
from serve.extractor.engine import engine_config
from serve.extractor.normalisation import Normaliser
from serve.extractor.prompt import BrokenAnswer, Example, Generation, answer_schema, prefix_of
from serve.extractor.reader import read_diseases
from serve.hardware import resolve_dtype
from serve.model_store import ModelStore
from serve.settings import ExtractorSettings
from serve.text.sentences import units
from training.extraction.corpus import AnnotatedPaper

WITH_DISEASES, WITHOUT = 6, 2
"""Examples in the prompt."""


def examples_of(papers: Sequence[AnnotatedPaper], *, max_unit_chars: int, seed: int) -> list[Example]:
    """Units of annotated papers, drawn at random and each of another paper: `WITH_DISEASES` that name some, and
    `WITHOUT`."""
    drawn = random.Random(seed)
    wanted = {True: WITH_DISEASES, False: WITHOUT}
    chosen: list[Example] = []
    for paper in drawn.sample(list(papers), len(papers)):
        text, names = drawn.choice(list(_units(paper, max_unit_chars)))
        if wanted[bool(names)]:
            wanted[bool(names)] -= 1
            chosen.append((text, names))
    return chosen


def _units(paper: AnnotatedPaper, max_chars: int) -> Iterator[Example]:
    for field in ("title", "abstract"):
        for start, end in units(getattr(paper, field), max_chars=max_chars):
            within = (a for a in paper.annotations if a.field == field and start <= a.start and a.end <= end)
            yield getattr(paper, field)[start:end], list(dict.fromkeys(a.text for a in within))


class FewShotGenerator:
    """The engine's model with a prompt of examples, read as the service reads it where the generator is the extractor.

    Args:
        learnt: annotated papers that the examples come from.
    """

    def __init__(
        self, settings: ExtractorSettings, learnt: Sequence[AnnotatedPaper], normaliser: Normaliser, *, seed: int
    ) -> None:
        self._settings = settings
        self._normaliser = normaliser
        self._prefix = prefix_of(examples_of(learnt, max_unit_chars=settings.max_unit_chars, seed=seed))
        weights = ModelStore().prepare(settings.model)
        self.name = f"{weights.id}, few-shot"
        self._runner = asyncio.Runner()  # one loop for all corpora: the engine lives in it
        self._engine = self._runner.run(_Engine.started(settings, str(weights.path)))
        self.counted: Counter[str] = Counter()
        """How many names were in the text and how many were not, and how many papers could not be read."""

    def mentions(self, papers: Sequence[AnnotatedPaper]) -> list[list[Mention]]:
        """Nothing for a paper that the service would answer with an error, since its answer breaks off."""
        return self._runner.run(self._read_all(papers))

    async def _read_all(self, papers: Iterable[AnnotatedPaper]) -> list[list[Mention]]:
        return await asyncio.gather(*map(self._read, papers))

    async def _read(self, paper: AnnotatedPaper) -> list[Mention]:
        try:
            reading = await read_diseases(
                paper.document,
                self._engine.generate,
                self._normaliser,
                max_unit_chars=self._settings.max_unit_chars,
                queue_ms=0,
                prefix=self._prefix,
            )
        except BrokenAnswer:
            self.counted["papers that could not be read"] += 1
            return []
        self.counted["names in the text"] += len({mention.text.casefold() for mention in reading.mentions})
        self.counted["names not in the text"] += reading.ungrounded
        return reading.mentions


class _Engine:
    """vLLM in this process, with the arguments of the service."""

    def __init__(self, settings: ExtractorSettings, weights: str) -> None:
        os.environ.update(settings.env)  # vLLM reads it when it starts
        from vllm import AsyncEngineArgs, SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams
        from vllm.v1.engine.async_llm import AsyncLLM

        arguments: dict[str, Any] = engine_config(settings, weights, resolve_dtype(settings.dtype)).engine_kwargs
        self._engine = AsyncLLM.from_engine_args(AsyncEngineArgs(model=weights, **arguments))
        schema = answer_schema(max_items=settings.max_items, max_item_chars=settings.max_item_chars)
        self._sampling = SamplingParams(
            temperature=0,
            max_tokens=settings.max_output_tokens,
            logprobs=0,
            structured_outputs=StructuredOutputsParams(json=schema),
            output_kind=RequestOutputKind.FINAL_ONLY,
        )

    @classmethod
    async def started(cls, settings: ExtractorSettings, weights: str) -> "_Engine":
        """In the event loop that it will answer in."""
        return cls(settings, weights)

    async def generate(self, prompt: str) -> Generation:
        [result] = [out async for out in self._engine.generate(prompt, self._sampling, uuid.uuid4().hex)]
        [written] = result.outputs
        likely = [step[token] for token, step in zip(written.token_ids, written.logprobs, strict=True)]
        starts, end = [], 0
        for token in likely:
            starts.append(end)
            end += len(token.decoded_token or "")
        return Generation(
            text=written.text,
            token_starts=starts,
            token_logprobs=[token.logprob for token in likely],
            prompt_tokens=len(result.prompt_token_ids or ()),
            completion_tokens=len(written.token_ids),
        )
