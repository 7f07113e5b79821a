"""Every error, whoever raised it, in the one shape of the contract."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from serve.errors import InternalError, InvalidRequest, MethodNotAllowed, NotFound, ServiceError, field_name
from serve.http.json_body import JsonResponse


def respond(error: ServiceError) -> JsonResponse:
    """The answer that an error becomes."""
    return JsonResponse(error.response, error.status, error.headers)


def install(app: FastAPI) -> None:
    """Register the handlers. What none of them knows is a fault of ours: a 500."""

    @app.exception_handler(ServiceError)
    async def _service_error(_: Request, error: ServiceError) -> JsonResponse:
        return respond(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JsonResponse:
        return respond(invalid_request(error))

    @app.exception_handler(Exception)
    async def _fault(_: Request, error: Exception) -> JsonResponse:
        # Starlette raises it again once this is sent; the outermost middleware logs it.
        return respond(InternalError("The service failed on this request; retry, and report x-request-id if it stays."))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JsonResponse:
        if error.status_code == 404:
            return respond(NotFound(f"There is no {request.url.path[:200]!r}; /docs lists what there is."))
        if error.status_code == 405:
            return respond(MethodNotAllowed(f"{request.method} is not allowed here; /docs lists what is."))
        return respond(InvalidRequest(str(error.detail)))


def invalid_request(error: RequestValidationError) -> InvalidRequest:
    """The first thing that is wrong, by the name the caller knows it under."""
    first = error.errors()[0]
    param = field_name(first["loc"][1:]) or "body"
    return InvalidRequest(f"{param}: {first['msg']}.", param=param)
