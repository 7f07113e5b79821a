"""OpenAI's files: what batches read, and what they write."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Path, Query, Request, UploadFile
from fastapi.routing import APIRoute
from starlette.responses import Response, StreamingResponse

from serve.batches.messages import MAX_KEPT_S, MIN_KEPT_S, FileDeleted, FileList, FileObject
from serve.http.dependencies import BatchesDep, CallerDep, error_responses
from serve.http.json_body import JsonResponse

PATH = "/v1/files"
FORM_BYTES = 64 * 1024
"""What a form adds to the file in it."""

FileId = Annotated[str, Path(pattern=r"^file-[0-9A-Za-z-]{1,64}$", description="As `/v1/files` lists it.")]


class FormRoute(APIRoute):
    """Reads a form before FastAPI does, which would hide what is wrong with the body; files in it go to disk."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if self.body_field is None:
                return await handler(request)
            async with request.form(max_files=1, max_fields=8):
                return await handler(request)

        return handle


router = APIRouter(prefix=PATH, route_class=FormRoute, tags=["batches"], responses=error_responses(404, 422, 503))


@router.post("", response_model=FileObject, responses=error_responses(408, 413))
async def create_file(
    batches: BatchesDep,
    caller: CallerDep,
    file: Annotated[UploadFile, File(description="JSONL: a request a line.")],
    purpose: Annotated[Literal["batch"], Form()],
    anchor: Annotated[Literal["created_at"] | None, Form(alias="expires_after[anchor]")] = None,
    kept_s: Annotated[int | None, Form(alias="expires_after[seconds]", ge=MIN_KEPT_S, le=MAX_KEPT_S)] = None,
) -> Response:
    """Send a file of requests, for `/v1/batches`."""
    kept = await batches.save(caller.owner, file.filename or "", file.file, file.size or 0, kept_s)
    return JsonResponse(kept)


@router.get("", response_model=FileList)
async def list_files(
    batches: BatchesDep,
    caller: CallerDep,
    after: Annotated[str | None, Query(description="The last of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    order: Literal["asc", "desc"] = "desc",
    purpose: str | None = None,
) -> Response:
    """Your files, a page of them."""
    page, more = await batches.files(caller.owner, after=after, limit=limit, purpose=purpose, order=order)
    ids = {"first_id": page[0].id, "last_id": page[-1].id} if page else {}
    return JsonResponse(FileList(data=page, has_more=more, **ids))


@router.get("/{file_id}", response_model=FileObject)
async def get_file(batches: BatchesDep, caller: CallerDep, file_id: FileId) -> Response:
    """What is known of a file."""
    return JsonResponse(await batches.file(caller.owner, file_id))


@router.get(
    "/{file_id}/content",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}, "description": "The file."}},
)
async def get_content(batches: BatchesDep, caller: CallerDep, file_id: FileId) -> Response:
    """The file itself."""
    file, content = await batches.content(caller.owner, file_id)
    return StreamingResponse(content, media_type="application/jsonl", headers={"content-length": str(file.bytes)})


@router.delete("/{file_id}", response_model=FileDeleted, responses=error_responses(409))
async def delete_file(batches: BatchesDep, caller: CallerDep, file_id: FileId) -> Response:
    """Delete a file. One that a batch still reads is not deleted."""
    await batches.delete(caller.owner, file_id)
    return JsonResponse(FileDeleted(id=file_id))
