"""The web page at `/` and its files. It is plain HTML, CSS and ES modules: what is in `serve/web` is what is served."""

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

WEB_DIR = Path(__file__).parents[1] / "web"

HEADERS = {
    # Nothing from elsewhere, no inline script or style: text of a paper that looks like markup stays text.
    "content-security-policy": "; ".join(
        ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'")
    ),
    # Kept, and asked about each time: a new version is there at once, an unchanged file costs a 304.
    "cache-control": "no-cache",
}

router = APIRouter(include_in_schema=False)
_files = StaticFiles(directory=WEB_DIR)


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """The page."""
    return await _file("index.html", request)


@router.api_route("/web/{path:path}", methods=["GET", "HEAD"])
async def file(path: str, request: Request) -> Response:
    """A script, a style sheet or an icon of the page."""
    return await _file(path, request)


async def _file(path: str, request: Request) -> Response:
    response = await _files.get_response(path, request.scope)
    response.headers.update(HEADERS)
    return response
