"""The routes for those who run the service."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import PlainTextResponse, Response

from serve.http.dependencies import ExportedDep, ServiceDep, StatusBoardDep, error_responses
from serve.http.json_body import JsonResponse
from serve.status import Status

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
async def metrics(exported: ExportedDep) -> Response:
    """Prometheus metrics of all replicas of the ingress, and of the stages behind them."""
    return Response(await exported.render(), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/status", response_model=Status)
async def status(board: StatusBoardDep) -> Response:
    """The service at a glance: models, replicas, papers, refusals and errors. 200 also while it is not ready."""
    return JsonResponse(await board.read())
