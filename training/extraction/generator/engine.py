"""A generator that is measured: the engine in this process, and papers read through it as the service reads them."""

import asyncio
import os
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from pubserve.contract import Mention
from serve.extractor.engine import engine_config
from serve.extractor.normalisation import Normaliser
from serve.extractor.prompt import BrokenAnswer, Generation, Prompt, answer_schema
from serve.extractor.reader import read_diseases
from serve.hardware import resolve_dtype
from serve.model_store import ModelStore
from serve.settings import ExtractorSettings
from training.extraction.corpus import AnnotatedPaper


class Generator:
    """A model that writes the names of diseases, adapters merged, read as the service reads where it is the extractor.

    Args:
        settings: those of the service; `model` is what is measured.
        prompt: another than the model's own.
        asked: how the model is asked, for the name in the report.
    """

    def __init__(
        self, settings: ExtractorSettings, normaliser: Normaliser, *, prompt: Prompt | None = None, asked: str = ""
    ) -> None:
        self._settings = settings
        self._normaliser = normaliser
        weights = ModelStore().prepare(settings.model)
        self._prompt = prompt or Prompt.load(weights.path)
        self.name = ", ".join(filter(None, (weights.id, asked)))
        self._runner = asyncio.Runner()  # one loop for all corpora: the engine lives in it
        self._engine = self._runner.run(_Engine.started(settings, str(weights.path)))
        self.counted: Counter[str] = Counter()
        """How many names were in the text and how many were not, and how many papers could not be read."""

    def mentions(self, papers: Sequence[AnnotatedPaper]) -> list[list[Mention]]:
        """Nothing for a paper that the service would answer with an error, since its answer breaks off."""
        return self._runner.run(self._read_all(papers))

    def close(self) -> None:
        """Stop the engine, while the loop that it answers in is still there."""
        self._runner.run(self._engine.stop())
        self._runner.close()

    async def _read_all(self, papers: Iterable[AnnotatedPaper]) -> list[list[Mention]]:
        return await asyncio.gather(*map(self._read, papers))

    async def _read(self, paper: AnnotatedPaper) -> list[Mention]:
        try:
            reading = await read_diseases(
                paper.document,
                self._engine.generate,
                self._normaliser,
                max_unit_chars=self._prompt.max_unit_chars or self._settings.max_unit_chars,
                queue_ms=0,
                prefix=self._prompt.prefix,
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

    async def stop(self) -> None:
        self._engine.shutdown()

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
