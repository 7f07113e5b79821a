"""OpenAI's requests and answers apart from HTTP: the extractor's engine, and the whole pipeline as a chat model."""

import contextlib
import json
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pubserve.contract import Failure, Paper, Result, Task
from serve.ask import Pay, free
from serve.errors import InternalError, InvalidRequest, NotFound, ServiceError, field_name
from serve.papers import AnalyzeBody
from serve.pipeline import PaperDone
from serve.service import Service, usage_of
from serve.text.document import CHARS_PER_TOKEN

PIPELINE_MODEL = "pubserve"

EngineCall = Literal["chat", "completions"]
Pieces = AsyncGenerator[str | dict[str, Any], None]


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="allow")

    include_usage: bool | None = False


class OpenAIBody(BaseModel):
    """What this service looks at; everything else is passed on to the engine, which checks it."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(examples=[PIPELINE_MODEL])
    stream: bool | None = False
    stream_options: StreamOptions | None = None


class ChatMessage(BaseModel):
    model_config = ConfigDict(extra="allow")

    role: str
    content: str | list[dict[str, Any]] | None = None


class ChatBody(OpenAIBody):
    """`POST /v1/chat/completions`."""

    messages: Annotated[list[ChatMessage], Field(min_length=1)]


class CompletionBody(OpenAIBody):
    """`POST /v1/completions`."""

    prompt: str | list[str] | list[int] | list[list[int]]


class ChatPapers(AnalyzeBody):
    """The papers of a chat with the pipeline, and what is asked of each."""

    tasks: list[Task] = Field(default=list(Task), min_length=1)


def require_model(service: Service, model: str) -> None:
    """Raises `NotFound` where no model of the service has this name."""
    if model not in (*service.settings.extractor.served_names, PIPELINE_MODEL):
        raise NotFound(
            f"There is no model {model[:100]!r}; /v1/models lists what there is.", param="model", code="model_not_found"
        )


def require_engine(service: Service, model: str) -> None:
    """Raises `NotFound` or `InvalidRequest` where the model completes no prompts."""
    require_model(service, model)
    if model == PIPELINE_MODEL:
        raise InvalidRequest(f"{PIPELINE_MODEL!r} answers chats only; use /v1/chat/completions.", param="model")


def estimated_tokens(body: OpenAIBody) -> int:
    """What a request may cost: what there is to read, four characters a token, and what it allows to be written."""
    fields = body.model_dump(exclude_unset=True)
    written = fields.get("max_completion_tokens") or fields.get("max_tokens") or 0
    read = len(json.dumps(fields.get("messages") or fields.get("prompt"))) // CHARS_PER_TOKEN
    return read + (max(0, written) if isinstance(written, int) else 0)


async def engine_pieces(service: Service, call: EngineCall, body: OpenAIBody, pay: Pay = free) -> Pieces:
    """The engine's answer, under admission until its last piece: events where they were asked for, or one object.

    Raises:
        ServiceError: not admitted, or what the engine says is wrong.
    """
    with service.chats.admit(1) as held:
        await pay(estimated_tokens(body))
        async with contextlib.aclosing(service.engines.openai(call, body.model_dump(exclude_unset=True))) as pieces:
            async for piece in pieces:
                if isinstance(piece, dict) and "error" in piece:
                    raise _engine_error(piece["error"])
                yield piece
        held.done(1)


def _engine_error(error: dict[str, Any]) -> ServiceError:
    status = error.get("code")
    if isinstance(status, int) and 400 <= status < 500:
        refusal = InvalidRequest(error["message"], param=error.get("param"))
        refusal.status = 400  # what OpenAI's own clients expect of a bad argument
        return refusal
    return InternalError("The engine failed on this request; retry.")


def papers_in(messages: Sequence[ChatMessage]) -> ChatPapers:
    """The papers in the last user message: several as the body of `/v1/analyze`, one as a JSON object with the fields
    of a paper, or the abstract of one as plain text.

    Raises:
        InvalidRequest: there is no such message, or something is wrong with that body.
    """
    users = [message for message in messages if message.role == "user"]
    if not users:
        raise InvalidRequest("There is no user message; the last one is the paper to analyse.", param="messages")
    text = _text_of(users[-1])
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if isinstance(fields, dict) and "papers" in fields:
        try:
            return ChatPapers.model_validate(fields)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            raise InvalidRequest(f"{field_name(first['loc'])}: {first['msg']}.", param="messages") from None
    return ChatPapers(papers=[_one_paper(text, fields)])


def _text_of(message: ChatMessage) -> str:
    content = message.content
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if part.get("type") == "text")
    return content or ""


def _one_paper(text: str, fields: Any) -> Paper:
    try:
        return Paper.model_validate({"id": "message", **fields})
    except (TypeError, ValidationError):
        return Paper(id="message", abstract=text)


def require_answer(results: Sequence[PaperDone]) -> None:
    """A chat about one paper fails with it; among several, what failed is a line like the others.

    Raises:
        InvalidRequest, InternalError: why the only paper was not read.
    """
    if len(results) == 1 and isinstance(failure := results[0].result, Failure):
        kind = InternalError if failure.error.type == InternalError.type else InvalidRequest
        raise kind(failure.error.message, param="messages", code=failure.error.code)


def completion(done: Sequence[PaperDone]) -> dict[str, Any]:
    """Results, in the order of the papers, as OpenAI's `chat.completion`: the content has a line of JSON for each.

    Raises:
        InvalidRequest, InternalError: the only paper was not read.
    """
    require_answer(done)
    content = "\n".join(_line(paper.result) for paper in done)
    return {
        **_head("chat.completion"),
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
        "usage": _usage(done),
    }


async def chunks(results: AsyncGenerator[PaperDone, None], *, with_usage: bool) -> AsyncGenerator[dict[str, Any], None]:
    """The same as OpenAI's `chat.completion.chunk`: one for each result as it comes, one that ends the message, and
    where it was asked for one with what all of them cost."""
    head = _head("chat.completion.chunk")
    done: list[PaperDone] = []
    async with contextlib.aclosing(results):
        async for paper in results:
            line = _line(paper.result)
            delta = {"content": f"\n{line}"} if done else {"role": "assistant", "content": line}
            yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
            done.append(paper)
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    if with_usage:
        yield {**head, "choices": [], "usage": _usage(done)}


def _head(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": PIPELINE_MODEL}


def _line(result: Result) -> str:
    return json.dumps(result.model_dump(mode="json"), separators=(",", ":"))


def _usage(done: Sequence[PaperDone]) -> dict[str, int]:
    return usage_of(done).model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"})
