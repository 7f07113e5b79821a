"""The routes that read papers."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from pubserve.contract import (
    Analysis,
    AnalyzeResponse,
    DiseasesResponse,
    Failure,
    LabelsResponse,
    Paper,
    Task,
    TextRequest,
)
from serve.ask import Ask
from serve.errors import DeadlineExceeded, InternalError, InvalidRequest
from serve.http.dependencies import AskDep, ServiceDep, error_responses
from serve.http.json_body import JsonBodyRoute, JsonResponse, encode_json
from serve.papers import AnalyzeBody, PapersBody, UnusablePaper, require_one_usable
from serve.pipeline import PaperDone
from serve.service import Service, usage_of

router = APIRouter(
    route_class=JsonBodyRoute, tags=["papers"], responses=error_responses(400, 401, 403, 408, 413, 422, 429, 503, 504)
)


@router.post("/v1/analyze", response_model=AnalyzeResponse)
async def analyze(service: ServiceDep, body: AnalyzeBody, ask: AskDep) -> Response:
    """Labels and diseases of up to 1,000 papers; one result per paper, in the order asked."""
    return await _answer(service, body.papers, body.tasks, ask)


@router.post("/v1/classify", response_model=AnalyzeResponse)
async def classify(service: ServiceDep, body: PapersBody, ask: AskDep) -> Response:
    """The half of `/v1/analyze` that says what a paper is about: `tasks` is `["labels"]`."""
    return await _answer(service, body.papers, [Task.LABELS], ask)


@router.post("/v1/extract", response_model=AnalyzeResponse)
async def extract(service: ServiceDep, body: PapersBody, ask: AskDep) -> Response:
    """The half of `/v1/analyze` that finds diseases: `tasks` is `["diseases"]`."""
    return await _answer(service, body.papers, [Task.DISEASES], ask)


@router.post(
    "/v1/analyze/stream",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}, "description": "One result a line."}
    },
)
async def analyze_stream(service: ServiceDep, body: AnalyzeBody, ask: AskDep) -> Response:
    """As `/v1/analyze`, but NDJSON: each result on a line of its own, as soon as it is ready.

    Papers that are not done at the deadline come last, each with the error `deadline_exceeded`.
    """
    results = await begin_reading(service, body.papers, body.tasks, ask)
    return StreamingResponse(_lines(results), media_type="application/x-ndjson")


@router.post("/predict", response_model=LabelsResponse)
async def predict(service: ServiceDep, body: TextRequest, ask: AskDep) -> Response:
    """Labels of one text, as the first version of this service answered."""
    done = await _read_text(service, body.text, [Task.LABELS], ask)
    return JsonResponse({"predicted_labels": done.predicted_labels, "confidence_scores": done.confidence_scores})


@router.post("/ExtractDisease", response_model=DiseasesResponse)
async def extract_disease(service: ServiceDep, body: TextRequest, ask: AskDep) -> Response:
    """Diseases in one text, as the first version of this service answered."""
    done = await _read_text(service, body.text, [Task.DISEASES], ask)
    return JsonResponse({"abstract_id": done.abstract_id, "extracted_diseases": done.extracted_diseases})


async def read_all(
    service: Service, papers: Sequence[Paper | UnusablePaper], tasks: Collection[Task], ask: Ask
) -> list[PaperDone]:
    """All papers of a request, in the order asked."""
    require_one_usable(papers)
    async with contextlib.aclosing(service.run(papers, tasks, ask)) as results:
        return sorted([done async for done in results], key=lambda done: done.index)


async def begin_reading(
    service: Service, papers: Sequence[Paper | UnusablePaper], tasks: Collection[Task], ask: Ask
) -> AsyncGenerator[PaperDone, None]:
    """All papers of a request, each as soon as it is done; returns once the first one is.

    That one decides the status: a refusal is an honest 4xx or 5xx, not a line in a stream that said 200. After it,
    papers that are not done at the deadline come last, as failures.
    """
    require_one_usable(papers)
    results = service.run(papers, tasks, ask)
    first = await anext(results)
    return _until_all_are_answered(papers, first, results)


async def _answer(
    service: Service, papers: Sequence[Paper | UnusablePaper], tasks: Collection[Task], ask: Ask
) -> Response:
    done = await read_all(service, papers, tasks, ask)
    return JsonResponse(AnalyzeResponse(results=[paper.result for paper in done], usage=usage_of(done)))


async def _read_text(service: Service, text: str, tasks: Collection[Task], ask: Ask) -> Analysis:
    paper = Paper(id="text", abstract=text)
    [done] = await read_all(service, [paper], tasks, ask)
    if isinstance(done.result, Failure):
        error = done.result.error
        kind = InternalError if error.type == InternalError.type else InvalidRequest
        raise kind(error.message, param="text", code=error.code)
    return done.result


async def _lines(results: AsyncGenerator[PaperDone, None]) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(results):
        async for done in results:
            yield encode_json(done.result.model_dump(mode="json")) + b"\n"


async def _until_all_are_answered(
    papers: Sequence[Paper | UnusablePaper], first: PaperDone, rest: AsyncGenerator[PaperDone, None]
) -> AsyncGenerator[PaperDone, None]:
    unanswered = dict(enumerate(papers))
    try:
        del unanswered[first.index]
        yield first
        async for done in rest:
            del unanswered[done.index]
            yield done
    except DeadlineExceeded as error:
        for index, paper in unanswered.items():
            yield PaperDone(index, Failure(abstract_id=paper.id or "", error=error.body))
    finally:
        await rest.aclose()
