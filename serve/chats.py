"""OpenAI's requests and answers apart from HTTP: the extractor's engine, and the whole pipeline as a chat model."""

import contextlib
import json
import time
import uuid
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pubserve.contract import Analysis, Paper, Usage
from serve.ask import Pay, free
from serve.errors import InternalError, InvalidRequest, NotFound, ServiceError
from serve.service import Service
from serve.text.document import CHARS_PER_TOKEN

PIPELINE_MODEL = "pubserve"

EngineCall = Literal["chat", "completions"]
Pieces = AsyncGenerator[str | dict[str, Any], None]


class OpenAIBody(BaseModel):
    """What this service looks at; everything else is passed on to the engine, which checks it."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(examples=[PIPELINE_MODEL])
    stream: bool | None = False


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


def paper_in(messages: list[ChatMessage]) -> Paper:
    """The paper in the last user message: a JSON object with the fields of a paper, or the abstract as plain text.

    Raises:
        InvalidRequest: there is no such message.
    """
    users = [message for message in messages if message.role == "user"]
    if not users:
        raise InvalidRequest("There is no user message; the last one is the paper to analyse.", param="messages")
    content = users[-1].content
    if isinstance(content, list):
        content = "\n".join(str(part.get("text", "")) for part in content if part.get("type") == "text")
    text = content or ""
    try:
        fields = json.loads(text)
        return Paper.model_validate({"id": "message", **fields})
    except (ValueError, TypeError, ValidationError, RecursionError):
        return Paper(id="message", abstract=text)


def completion_head() -> dict[str, Any]:
    """What the answer of the pipeline begins with, streamed or not."""
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": PIPELINE_MODEL}


def analysis_as_message(analysis: Analysis) -> dict[str, str]:
    return {"role": "assistant", "content": json.dumps(analysis.model_dump(mode="json"), separators=(",", ":"))}


def analysis_as_completion(analysis: Analysis, usage: Usage) -> dict[str, Any]:
    """An analysis as OpenAI's `chat.completion`."""
    return {
        **completion_head(),
        "object": "chat.completion",
        "choices": [{"index": 0, "message": analysis_as_message(analysis), "finish_reason": "stop"}],
        "usage": usage.model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"}),
    }
