"""OpenAI's protocol: the extractor's engine, and the whole pipeline as the model `pubserve`."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from pubserve.contract import Failure, Task
from serve.ask import Ask
from serve.chats import (
    PIPELINE_MODEL,
    ChatBody,
    CompletionBody,
    EngineCall,
    OpenAIBody,
    Pieces,
    analysis_as_completion,
    analysis_as_message,
    completion_head,
    engine_pieces,
    paper_in,
    require_engine,
    require_model,
)
from serve.deadline import until_deadline
from serve.errors import InvalidRequest, ServiceError
from serve.http.dependencies import AskDep, ServiceDep, error_responses
from serve.http.json_body import JsonBodyRoute, JsonResponse, encode_json
from serve.http.papers import read_all
from serve.service import Service, usage_of

router = APIRouter(
    route_class=JsonBodyRoute,
    tags=["openai"],
    responses=error_responses(400, 401, 403, 404, 408, 413, 422, 429, 503, 504),
)


@router.get("/v1/models")
async def list_models(service: ServiceDep) -> Response:
    """The extractor's engine, its adapters, and `pubserve`, the whole pipeline behind chat completions."""
    names = (*service.settings.extractor.served_names, PIPELINE_MODEL)
    return JsonResponse({"object": "list", "data": [_model_card(name) for name in names]})


@router.get("/v1/models/{model:path}")
async def get_model(service: ServiceDep, model: str) -> Response:
    """One of the models that `/v1/models` lists."""
    require_model(service, model)
    return JsonResponse(_model_card(model))


@router.post("/v1/chat/completions")
async def chat_completions(service: ServiceDep, body: ChatBody, ask: AskDep) -> Response:
    """Chat with the extractor's engine. With model `pubserve`, the last user message is a paper, and the reply's
    content is its analysis as JSON; the message is the abstract, or a JSON object with `title` and `abstract`."""
    require_model(service, body.model)
    if body.model == PIPELINE_MODEL:
        return await _analysis_as_chat(service, body, ask)
    return await _engine(service, "chat", body, ask)


@router.post("/v1/completions")
async def completions(service: ServiceDep, body: CompletionBody, ask: AskDep) -> Response:
    """Complete a prompt with the extractor's engine."""
    require_engine(service, body.model)
    return await _engine(service, "completions", body, ask)


def _model_card(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "pubserve"}


async def _engine(service: Service, call: EngineCall, body: OpenAIBody, ask: Ask) -> Response:
    pieces = until_deadline(ask.deadline_s, engine_pieces(service, call, body, ask.pay))
    first = await anext(pieces)
    if isinstance(first, str):
        return StreamingResponse(_chain(first, pieces), media_type="text/event-stream")
    await pieces.aclose()
    return JsonResponse(first)


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


async def _analysis_as_chat(service: Service, body: ChatBody, ask: Ask) -> Response:
    done = await read_all(service, [paper_in(body.messages)], tuple(Task), ask)
    result = done[0].result
    if isinstance(result, Failure):
        raise InvalidRequest(result.error.message, param="messages", code=result.error.code)
    if body.stream:
        head = completion_head()
        delta = {"index": 0, "delta": analysis_as_message(result), "finish_reason": None}
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        events = [_event({**head, "object": "chat.completion.chunk", "choices": [choice]}) for choice in (delta, last)]
        return StreamingResponse(_stream([*events, b"data: [DONE]\n\n"]), media_type="text/event-stream")
    return JsonResponse(analysis_as_completion(result, usage_of(done)))


async def _stream(events: list[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + encode_json(content) + b"\n\n"
