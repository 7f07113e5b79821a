"""The HTTP face: an ASGI application that needs no Ray, so that tests can drive it alone."""

from serve.http.api import create_app

__all__ = ["create_app"]
