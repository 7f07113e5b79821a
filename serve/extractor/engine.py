"""The vLLM engine as a Ray Serve deployment: OpenAI's protocol, and papers where it is the extractor."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError
from ray.llm._internal.common.callbacks.base import CallbackBase
from ray.llm._internal.serve.core.configs.llm_config import DiskMultiplexConfig
from ray.serve.llm import LLMConfig
from ray.serve.llm.deployment import LLMServer

from serve import tracing
from serve.concurrency import as_ready
from serve.extractor.compiled import caches, remove_broken
from serve.extractor.death import unless_dead, watch
from serve.extractor.disease_names import CATALOG_ENTRY, DiseaseNames
from serve.extractor.normalisation import Normaliser
from serve.extractor.prompt import BrokenAnswer, Generation, Prompt, answer_schema
from serve.extractor.reader import read_diseases
from serve.hardware import resolve_dtype
from serve.logs import configure_logs, log
from serve.model_store import ModelStore
from serve.settings import ExtractorSettings, LogSettings, TracingSettings
from serve.stages import DiseaseReading, StageFailure
from serve.text.document import Document
from serve.turns import Places, Turn

OpenAIKind = Literal["chat", "completions"]


class WeightsAreLocal(CallbackBase):
    """Spares the process that Ray would start, importing all of vLLM, to download weights the model store has."""

    async def on_before_node_init(self) -> None:
        self.ctx.run_init_node = False


class EngineError(Exception):
    """The engine refused or failed a generation."""


def engine_config(settings: ExtractorSettings, model_source: str, dtype: str = "auto") -> LLMConfig:
    """The engine's configuration in the words of `ray.serve.llm`. Reads no weights."""
    accelerator = {"accelerator_type": settings.accelerator} if settings.accelerator else {}
    bundle = {"GPU": 1} if settings.accelerator else {"CPU": 0.01}
    # vLLM's CPU kernels give a request without an adapter the last slot when it shares a batch with one that has an
    # adapter (vllm-project/vllm#48421). One slot more than there are adapters, and that one is empty.
    slots = len(settings.adapters) + (0 if settings.accelerator else 1)
    lora = {"enable_lora": True, "max_loras": slots} if settings.adapters else {}
    return LLMConfig(
        model_loading_config={"model_id": settings.model, "model_source": model_source},
        engine_kwargs={
            "dtype": dtype,
            # Small models under a schema would write white space for ever.
            "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
            **lora,
            **settings.engine,
        },
        placement_group_config={"bundle_per_worker": bundle},
        deployment_config=settings.scaling.deployment_options(),
        runtime_env={"env_vars": settings.env},
        callback_config={"callback_class": WeightsAreLocal},
        log_engine_metrics=True,
        **accelerator,
    )


class Engine(LLMServer):
    """Adds to the OpenAI server of Ray a method that reads many papers in one actor call."""

    async def __init__(  # type: ignore[misc]  # Ray Serve awaits it
        self, llm_config: LLMConfig, settings: ExtractorSettings, logs: LogSettings, traces: TracingSettings
    ) -> None:
        configure_logs(logs)
        tracing.configure_tracing(traces, component="engine")
        self._settings = settings
        started = time.monotonic()
        prepared = await asyncio.to_thread(ModelStore().prepare, settings.model)
        if settings.active_tagger is None:  # with a tagger, no papers come here
            names = await asyncio.to_thread(ModelStore().prepare, CATALOG_ENTRY, verify=True)
            self._normaliser = Normaliser(await asyncio.to_thread(DiseaseNames.load, names.path))
        self.revision = prepared.id if settings.reads_with is None else _adapter_id(settings.reads_with)
        self._prompt = Prompt.load(reader_directory(settings, prepared.path))
        self._schema = answer_schema(max_items=settings.max_items, max_item_chars=settings.max_item_chars)
        # Papers wait here rather than in the engine: in their turn, cheap to cancel, the wait told from the work.
        self._places = Places(settings.engine.get("max_num_seqs", 128))
        await asyncio.to_thread(remove_broken, caches())
        # Where the weights lie and what this machine computes fastest in are known only here, on the replica's node.
        await super().__init__(engine_config(settings, str(prepared.path), resolve_dtype(settings.dtype)))
        for adapter in settings.adapters:
            await self._load_adapter(adapter)
        await self._generate("warm-up")
        log.info("engine_ready", model=self.revision, seconds=round(time.monotonic() - started, 1))

    async def _start_engine(self) -> None:
        """Without Ray's report on its use, off anyway: a process more, for which all of vLLM is imported and waited."""
        await self.engine.start()
        self._watch = asyncio.create_task(watch(self.engine))

    async def name(self) -> str:
        """`name@revision` of the weights that answer."""
        return self.revision

    async def extract(
        self, documents: Sequence[Document], turn: Turn
    ) -> AsyncIterator[list[tuple[int, DiseaseReading | StageFailure]]]:
        """Yield `(index, reading)` of the documents that are read, as soon as any is, in any order."""
        with tracing.continued("engine", turn, papers=len(documents)) as turn:
            work = [self._read(index, document, turn) for index, document in enumerate(documents)]
            async with aclosing(as_ready(work)) as readings:
                async for ready in readings:
                    yield ready

    async def openai(self, kind: OpenAIKind, body: dict[str, Any]) -> AsyncIterator[str | dict[str, Any]]:
        """Answer an OpenAI request: one dict, or for `stream: true` server-sent events as text.

        An error, too, is a dict: `{"error": {...}}` with the HTTP status as its `code`.
        """
        from ray.serve.llm.openai_api_models import ChatCompletionRequest, CompletionRequest

        request_type, run = {
            "chat": (ChatCompletionRequest, self.chat),
            "completions": (CompletionRequest, self.completions),
        }[kind]
        try:
            request = request_type.model_validate({**body, "request_id": uuid.uuid4().hex})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            field = ".".join(str(part) for part in first["loc"] if not isinstance(part, str) or part.islower())
            yield {"error": {"message": f"{field}: {first['msg']}", "param": field or None, "code": 400}}
            return
        async with aclosing(unless_dead(self.engine, await run(request))) as items:
            async for item in items:
                for part in item if isinstance(item, list) else [item]:
                    yield part if isinstance(part, str) else part.model_dump(mode="json", exclude_none=True)

    async def _load_adapter(self, name: str) -> None:
        """Make an adapter of the catalogue a model of the engine, beside the one it was trained on."""
        directory = ModelStore().adapter(name, base=self._settings.model)
        await self.engine.resolve_lora(
            DiskMultiplexConfig(model_id=name, local_path=str(directory), max_total_tokens=None, lora_assigned_int_id=0)
        )

    async def _read(self, index: int, document: Document, turn: Turn) -> tuple[int, DiseaseReading | StageFailure]:
        arrived_s = time.monotonic()
        try:
            async with self._places.hold(turn, document.estimated_tokens):
                began_s = time.monotonic()
                tracing.record("wait", arrived_s, began_s, parent=turn.trace)
                reading = await read_diseases(
                    document,
                    self._generate,
                    self._normaliser,
                    max_unit_chars=self._prompt.max_unit_chars or self._settings.max_unit_chars,
                    queue_ms=(began_s - arrived_s) * 1e3,
                    prefix=self._prompt.prefix,
                )
                tracing.record(
                    "generate", began_s, time.monotonic(), parent=turn.trace,
                    prompt_tokens=reading.prompt_tokens, completion_tokens=reading.completion_tokens,
                )  # fmt: skip
        except EngineError as error:
            log.error("extraction_failed", reason=str(error), traceparent=turn.trace)
            return index, StageFailure("extraction_failed", "The extractor could not read this paper; send it again.")
        except BrokenAnswer:
            log.warning("extraction_incomplete", traceparent=turn.trace)
            return index, StageFailure(
                "extraction_incomplete", "The extractor broke off twice in a part of this paper; send it in parts."
            )
        return index, reading

    async def _generate(self, prompt: str) -> Generation:
        from ray.serve.llm.openai_api_models import CompletionRequest, ErrorResponse

        request = CompletionRequest(
            model=self._settings.reads_with or self._settings.model,
            prompt=prompt,
            # Units of one paper run at once: each needs a name of its own in the engine.
            request_id=uuid.uuid4().hex,
            temperature=0.0,
            max_tokens=self._settings.max_output_tokens,
            logprobs=0,
            structured_outputs={"json": self._schema},
        )
        [response] = [item async for item in unless_dead(self.engine, await self.completions(request))]
        if isinstance(response, ErrorResponse):
            raise EngineError(response.error.message)
        [choice] = response.choices
        return Generation(
            text=choice.text,
            token_starts=choice.logprobs.text_offset,
            token_logprobs=[logprob or 0.0 for logprob in choice.logprobs.token_logprobs],
            prompt_tokens=response.usage.prompt_tokens,
            completion_tokens=response.usage.completion_tokens,
        )


def reader_directory(settings: ExtractorSettings, model: Path) -> Path:
    """Where the weights that read papers lie: the model's, or those of the adapter that reads beside it."""
    return model if settings.reads_with is None else ModelStore().adapter(settings.reads_with, base=settings.model)


def _adapter_id(name: str) -> str:
    return f"{name}@{ModelStore().revision(name)}"
