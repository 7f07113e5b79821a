"""The routes for those who run the service."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from serve.http.dependencies import ServiceDep, error_responses
from serve.http.json_body import JsonResponse

router = APIRouter(tags=["operations"])


@router.get("/healthz")
async def healthz() -> Response:
    """The process lives."""
    return JsonResponse({"status": "ok"})


@router.get("/readyz", responses=error_responses(503))
async def readyz(service: ServiceDep) -> Response:
    """Both models answer."""
    models = await service.ready()
    return JsonResponse({"status": "ready", "models": models.model_dump()})


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(service: ServiceDep) -> Response:
    """Prometheus metrics of this ingress replica and the stages behind it."""
    return Response(service.metrics.render(), media_type=CONTENT_TYPE_LATEST)


@router.get("/", include_in_schema=False)
async def home() -> Response:
    """The web page takes this place; until then, the API's own page."""
    return RedirectResponse("/docs")
