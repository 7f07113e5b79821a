"""OpenAI's batches: files whose lines are answered in the background."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from serve.batches.messages import Batch, BatchList, BatchRequest
from serve.http.dependencies import BatchesDep, CallerDep, error_responses
from serve.http.json_body import JsonBodyRoute, JsonResponse

BatchId = Annotated[str, Path(pattern=r"^batch_[0-9A-Za-z]{1,64}$", description="As `/v1/batches` lists it.")]

router = APIRouter(
    prefix="/v1/batches", route_class=JsonBodyRoute, tags=["batches"], responses=error_responses(404, 422, 503)
)


@router.post("", response_model=Batch, responses=error_responses(400, 413, 429))
async def create_batch(batches: BatchesDep, caller: CallerDep, body: BatchRequest) -> Response:
    """Have every line of a file answered, behind what is more urgent."""
    return JsonResponse(await batches.create(caller.owner, body, key_id=caller.key_id))


@router.get("", response_model=BatchList)
async def list_batches(
    batches: BatchesDep,
    caller: CallerDep,
    after: Annotated[str | None, Query(description="The last of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """Your batches, the newest first, a page of them."""
    page, more = await batches.batches(caller.owner, after=after, limit=limit)
    ids = {"first_id": page[0].id, "last_id": page[-1].id} if page else {}
    return JsonResponse(BatchList(data=page, has_more=more, **ids))


@router.get("/{batch_id}", response_model=Batch)
async def get_batch(batches: BatchesDep, caller: CallerDep, batch_id: BatchId) -> Response:
    """How far a batch is."""
    return JsonResponse(await batches.batch(caller.owner, batch_id))


@router.post("/{batch_id}/cancel", response_model=Batch, responses=error_responses(409))
async def cancel_batch(batches: BatchesDep, caller: CallerDep, batch_id: BatchId) -> Response:
    """Stop a batch. What was answered by then is in its output file."""
    return JsonResponse(await batches.cancel(caller.owner, batch_id))
