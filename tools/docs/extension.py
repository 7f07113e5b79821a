"""A Sphinx extension: what is generated from code, and docstrings as ours are written.

    ```{generated} settings
    ```

in a page stands for a part that is made when the site is built. Nothing generated is committed: nothing is out of date.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from tools.docs.cards import card
from tools.docs.commands import commands_page
from tools.docs.errors import errors_page
from tools.docs.http_api import openapi, routes_page
from tools.docs.metrics import metrics_page
from tools.docs.settings import settings_page
from tools.docs.worker import worker_page

PAGES: dict[str, Callable[..., str]] = {
    "card": card,
    "commands": commands_page,
    "errors": errors_page,
    "metrics": metrics_page,
    "routes": routes_page,
    "settings": settings_page,
    "worker": worker_page,
}

_MARK = re.compile(r"^```\{generated\} (\S+)(?: (.+))?\n```$", re.MULTILINE)
_NAMED = re.compile(r"^`\w+`(, `\w+`)*: ")
_SEVERAL_NAMED = re.compile(r"(?<=\.) (?=`\w+`: )")


def put_generated_in(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put what is generated in the place of its mark, before the page is parsed."""

    def generated(mark: re.Match[str]) -> str:
        name, told = mark.groups()
        if name not in PAGES:
            raise ExtensionError(f"{docname}: there is no {name!r} to generate, only {', '.join(PAGES)}")
        app.env.note_reread()  # it depends on code that Sphinx does not watch
        return PAGES[name](told) if told else PAGES[name]()

    source[0] = _MARK.sub(generated, source[0])


def list_what_is_named(_: Sphinx, __: str, ___: str, ____: Any, _____: Any, lines: list[str]) -> None:
    """Our docstrings tell of parameters and attributes in lines that begin with their names: make a list of those."""
    shown: list[str] = []
    listing = False
    for line in (part for whole in lines for part in _SEVERAL_NAMED.split(whole)):
        if _NAMED.match(line):
            shown += [*([] if listing or not shown else [""]), f"- {line}"]
            listing = True
        else:
            listing = listing and bool(line)
            shown.append(f"  {line}" if listing else line)
    lines[:] = shown


def hide_how_errors_are_made(
    _: Sphinx, what: str, __: str, ___: Any, ____: Any, _____: str | None, ______: str | None
) -> tuple[str, None] | None:
    """Errors are caught, and not made: what their classes are called with says nothing to a reader."""
    return ("", None) if what == "exception" else None


def write_openapi(app: Sphinx, failed: Exception | None) -> None:
    """The document itself, beside the page made of it."""
    if failed is None and app.builder.format == "html":
        Path(app.outdir, "openapi.json").write_text(json.dumps(openapi(), indent=1), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", put_generated_in)
    app.connect("autodoc-process-docstring", list_what_is_named)
    app.connect("autodoc-process-signature", hide_how_errors_are_made)
    app.connect("build-finished", write_openapi)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
