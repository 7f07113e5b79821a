"""OpenAI's protocol: the extractor's engine, and the whole pipeline as the model `pubserve`."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from serve.ask import Ask
from serve.chats import (
    PIPELINE_MODEL,
    ChatBody,
    CompletionBody,
    EngineCall,
    OpenAIBody,
    Pieces,
    chunks,
    completion,
    engine_pieces,
    papers_in,
    require_answer,
    require_engine,
    require_model,
)
from serve.deadline import until_deadline
from serve.errors import ServiceError
from serve.http.dependencies import AskDep, ServiceDep, error_responses
from serve.http.json_body import JsonBodyRoute, JsonResponse, encode_json
from serve.http.papers import begin_reading, read_all
from serve.pipeline import PaperDone
from serve.service import Service

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
    content is its analysis as JSON; the message is the abstract, or a JSON object with `title` and `abstract`.

    It may be a body of `/v1/analyze`, too: then the content has a line of JSON for each paper, and a stream a chunk,
    as soon as the paper is read."""
    require_model(service, body.model)
    if body.model == PIPELINE_MODEL:
        return await _pipeline(service, body, ask)
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
    async with contextlib.aclosing(rest):
        try:
            async for piece in rest:
                yield str(piece).encode()
        except ServiceError as error:
            yield _error_event(error)


async def _pipeline(service: Service, body: ChatBody, ask: Ask) -> Response:
    asked = papers_in(body.messages)
    if not body.stream:
        return JsonResponse(completion(await read_all(service, asked.papers, asked.tasks, ask)))
    if len(asked.papers) == 1:
        done = await read_all(service, asked.papers, asked.tasks, ask)
        require_answer(done)
        results = _each(done)
    else:
        results = await begin_reading(service, asked.papers, asked.tasks, ask)
    with_usage = body.stream_options is not None and bool(body.stream_options.include_usage)
    return StreamingResponse(_events(chunks(results, with_usage=with_usage)), media_type="text/event-stream")


async def _each(done: list[PaperDone]) -> AsyncGenerator[PaperDone, None]:
    for paper in done:
        yield paper


async def _events(contents: AsyncGenerator[dict[str, Any], None]) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(contents):
        try:
            async for content in contents:
                yield _event(content)
            yield b"data: [DONE]\n\n"
        except ServiceError as error:
            yield _error_event(error)


def _error_event(error: ServiceError) -> bytes:
    """The answer has begun, so its status is gone: the error travels as OpenAI's own event."""
    return _event(error.response.model_dump())


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + encode_json(content) + b"\n\n"
