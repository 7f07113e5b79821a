"""The ASGI application: routes, error handlers and what surrounds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from serve.batches import Batches
from serve.exported import ExportedMetrics
from serve.http import agent, batches, error_handlers, files, openai, operations, papers, web
from serve.http.guard import Guard, describe_keys
from serve.http.middleware import BodyLimit, BodyTimeout, RequestContext
from serve.http.security import SecurityHeaders, allow_origins
from serve.http.traced import Traced
from serve.keys.accounts import Accounts
from serve.service import Service
from serve.settings import Settings
from serve.status import StatusBoard

_DESCRIPTION = """
Reads biomedical abstracts: is a paper about cancer, how sure is that, and which diseases does it name, where?

Offsets count characters of the title or abstract as sent. One bad paper never fails its neighbours: its result is
`{"abstract_id", "error"}`. Every error has OpenAI's shape and a request id in `x-request-id`.
"""


def create_app(service: Service, *, echo_request_id: bool = True) -> ASGIApp:
    """The whole HTTP face of one service."""
    http, keys = service.settings.http, service.settings.keys
    accounts = Accounts(keys) if keys.file is not None else None
    api = create_api(service, accounts)
    app: ASGIApp = BodyTimeout(_limited(api, service.settings), http.body_timeout_s)
    if accounts is not None:
        describe_keys(api)
        app = Guard(app, accounts, service.metrics)
    app = SecurityHeaders(allow_origins(app, http.cors_origins))
    return Traced(RequestContext(app, service.metrics, echo_request_id=echo_request_id))


def _limited(api: ASGIApp, settings: Settings) -> ASGIApp:
    file_bytes = settings.batches.max_file_bytes + files.FORM_BYTES
    return BodyLimit(api, settings.http.max_body_bytes, {files.PATH: file_bytes})


def create_api(service: Service, accounts: Accounts | None = None) -> FastAPI:
    """Routes and error handlers, without what surrounds them. `accounts` pay for what goes on in the background."""
    board = StatusBoard(service)
    background = Batches(service, accounts.pay_of if accounts else None)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with board.sampling(), background.running():
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
    api.state.exported_metrics = ExportedMetrics(service.metrics)
    api.state.batches = background
    api.state.agent_door = agent.AgentDoor(service)
    error_handlers.install(api)
    for part in (papers, openai, operations, files, batches, agent, web):
        api.include_router(part.router)
    return api
