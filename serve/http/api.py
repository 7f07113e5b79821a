"""The ASGI application: routes, error handlers and what surrounds them."""

from importlib.metadata import version

from fastapi import FastAPI
from starlette.types import ASGIApp

from serve.http import error_handlers, openai, operations, papers
from serve.http.middleware import BodyLimit, RequestContext
from serve.service import Service

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
    api = FastAPI(
        title="Pubserve",
        version=version("pubserve-service"),
        description=_DESCRIPTION,
        strict_content_type=False,  # a body without a content type is read as JSON
    )
    api.state.service = service
    error_handlers.install(api)
    for router in (papers.router, openai.router, operations.router):
        api.include_router(router)
    return api
