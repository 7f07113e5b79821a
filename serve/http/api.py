"""The ASGI application: routes, error handlers and what surrounds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from serve.http import error_handlers, openai, operations, papers, web
from serve.http.middleware import BodyLimit, RequestContext
from serve.service import Service
from serve.status import StatusBoard

_DESCRIPTION = """
Reads biomedical abstracts: is a paper about cancer, how sure is that, and which diseases does it name, where?

Offsets count characters of the title or abstract as sent. One bad paper never fails its neighbours: its result is
`{"abstract_id", "error"}`. Every error has OpenAI's shape and a request id in `x-request-id`.
"""


def create_app(service: Service, *, echo_request_id: bool = True) -> ASGIApp:
    """The whole HTTP face of one service."""
    limited = BodyLimit(create_api(service), service.settings.http.max_body_bytes)
    return RequestContext(limited, service.metrics, echo_request_id=echo_request_id)


def create_api(service: Service) -> FastAPI:
    """Routes and error handlers, without what surrounds them."""
    board = StatusBoard(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with board.sampling():
            yield

    # "Offline": the scripts of /docs come from here, not from other hosts.
    api = FastAPIOffline(
        title="Pubserve",
        version=version("pubserve-service"),
        description=_DESCRIPTION,
        redoc_url=None,
        favicon_url="web/icon.svg",
        lifespan=lifespan,
        strict_content_type=False,  # a body without a content type is read as JSON
    )
    api.state.service = service
    api.state.status_board = board
    error_handlers.install(api)
    for router in (papers.router, openai.router, operations.router, web.router):
        api.include_router(router)
    return api
