"""Every error that the service answers with, from the tree of its classes."""

import inspect
from collections.abc import Iterator
from http import HTTPStatus

from serve import errors
from serve.errors import ServiceError
from tools.docs.markdown import block, code, table


def errors_page() -> str:
    """A table by status, and the tree as its module draws it."""
    classes = sorted(_below(ServiceError), key=lambda error: (error.status, error.code))
    rows = [
        [f"{error.status} {HTTPStatus(error.status).phrase}", code(error.type), code(error.code), code(error.__name__)]
        for error in classes
    ]
    tree = inspect.cleandoc(errors.__doc__ or "").split("\n\n")[1]
    return "\n".join([table(["status", "`type`", "`code`", "class"], rows), "## The tree\n", block(tree)])


def _below(error: type[ServiceError]) -> Iterator[type[ServiceError]]:
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield child
            yield from _below(child)
