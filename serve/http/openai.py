"""OpenAI's protocol: the extractor's engine, and the whole pipeline as the model `pubserve`."""

import contextlib
import json
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response, StreamingResponse

from pubserve.contract import Failure, Paper, Task
from serve.ask import Ask
from serve.deadline import until_deadline
from serve.errors import InternalError, InvalidRequest, NotFound, ServiceError
from serve.http.dependencies import AskDep, ServiceDep, error_responses
from serve.http.json_body import JsonBodyRoute, JsonResponse, encode_json
from serve.http.papers import read_all
from serve.service import Service, usage_of

PIPELINE_MODEL = "pubserve"

Pieces = AsyncGenerator[str | dict[str, Any], None]

router = APIRouter(
    route_class=JsonBodyRoute, tags=["openai"], responses=error_responses(400, 404, 413, 422, 429, 503, 504)
)


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


@router.get("/v1/models")
async def list_models(service: ServiceDep) -> Response:
    """The extractor's engine, its adapters, and `pubserve`, the whole pipeline behind chat completions."""
    names = (*service.settings.extractor.served_names, PIPELINE_MODEL)
    return JsonResponse({"object": "list", "data": [_model_card(name) for name in names]})


@router.get("/v1/models/{model:path}")
async def get_model(service: ServiceDep, model: str) -> Response:
    """One of the models that `/v1/models` lists."""
    _require_model(service, model)
    return JsonResponse(_model_card(model))


@router.post("/v1/chat/completions")
async def chat_completions(service: ServiceDep, body: ChatBody, ask: AskDep) -> Response:
    """Chat with the extractor's engine. With model `pubserve`, the last user message is a paper, and the reply's
    content is its analysis as JSON; the message is the abstract, or a JSON object with `title` and `abstract`."""
    _require_model(service, body.model)
    if body.model == PIPELINE_MODEL:
        return await _analysis_as_chat(service, body, ask)
    return await _engine(service, "chat", body, ask)


@router.post("/v1/completions")
async def completions(service: ServiceDep, body: CompletionBody, ask: AskDep) -> Response:
    """Complete a prompt with the extractor's engine."""
    _require_model(service, body.model)
    if body.model == PIPELINE_MODEL:
        raise InvalidRequest(f"{PIPELINE_MODEL!r} answers chats only; use /v1/chat/completions.", param="model")
    return await _engine(service, "completions", body, ask)


def _require_model(service: Service, model: str) -> None:
    if model not in (*service.settings.extractor.served_names, PIPELINE_MODEL):
        raise NotFound(
            f"There is no model {model[:100]!r}; /v1/models lists what there is.", param="model", code="model_not_found"
        )


def _model_card(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "pubserve"}


async def _engine(service: Service, kind: Literal["chat", "completions"], body: OpenAIBody, ask: Ask) -> Response:
    asked = body.model_dump(exclude_unset=True)
    pieces = until_deadline(ask.deadline_s, _admitted(service, kind, asked))
    first = await anext(pieces)
    if isinstance(first, str):
        return StreamingResponse(_chain(first, pieces), media_type="text/event-stream")
    await pieces.aclose()
    return JsonResponse(first)


async def _admitted(service: Service, kind: str, body: dict[str, Any]) -> Pieces:
    """The engine's answer, under admission until its last piece.

    Raises:
        ServiceError: not admitted, or what the engine says is wrong.
    """
    with service.chats.admit(1) as held:
        async with contextlib.aclosing(service.engines.openai(kind, body)) as pieces:
            async for piece in pieces:
                if isinstance(piece, dict) and "error" in piece:
                    raise _engine_error(piece["error"])
                yield piece
        held.done(1)


async def _chain(first: str, rest: Pieces) -> AsyncIterator[bytes]:
    yield first.encode()
    try:
        async for piece in rest:
            yield str(piece).encode()
    except ServiceError as error:
        # The answer has begun, so its status is gone: the error travels as OpenAI's own event.
        yield _event(error.response.model_dump())
    finally:
        await rest.aclose()


def _engine_error(error: dict[str, Any]) -> ServiceError:
    status = error.get("code")
    if isinstance(status, int) and 400 <= status < 500:
        refusal = InvalidRequest(error["message"], param=error.get("param"))
        refusal.status = 400  # what OpenAI's own clients expect of a bad argument
        return refusal
    return InternalError("The engine failed on this request; retry.")


async def _analysis_as_chat(service: Service, body: ChatBody, ask: Ask) -> Response:
    paper = _paper_in(body.messages)
    done = await read_all(service, [paper], tuple(Task), ask)
    result, usage = done[0].result, usage_of(done)
    if isinstance(result, Failure):
        raise InvalidRequest(result.error.message, param="messages", code=result.error.code)
    content = encode_json(result.model_dump(mode="json")).decode("ascii")
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": PIPELINE_MODEL}
    if body.stream:
        delta = {"index": 0, "delta": {"role": "assistant", "content": content}, "finish_reason": None}
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        events = [_event({**head, "object": "chat.completion.chunk", "choices": [choice]}) for choice in (delta, last)]
        return StreamingResponse(_stream([*events, b"data: [DONE]\n\n"]), media_type="text/event-stream")
    return JsonResponse(
        {
            **head,
            "object": "chat.completion",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}],
            "usage": usage.model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"}),
        }
    )


async def _stream(events: list[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + encode_json(content) + b"\n\n"


def _paper_in(messages: list[ChatMessage]) -> Paper:
    """The paper in the last user message: a JSON object with the fields of a paper, or the abstract as plain text."""
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
