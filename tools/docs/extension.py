"""A Sphinx extension: the directive `generated`, and docstrings as our code writes them.

    ```{generated} settings
    ```

puts what is generated in its place, when the site is built. Nothing generated is ever committed, so nothing can be out
of date. Whoever builds gets the code's own words; a name that is not known here stops the build.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tools.docs.cards import card
from tools.docs.commands import commands_page
from tools.docs.errors import errors_page
from tools.docs.http_api import openapi, routes_page
from tools.docs.metrics import metrics_page
from tools.docs.settings import settings_page

PAGES: dict[str, Callable[..., str]] = {
    "card": card,
    "commands": commands_page,
    "errors": errors_page,
    "metrics": metrics_page,
    "routes": routes_page,
    "settings": settings_page,
}

_NAMED = re.compile(r"^`\w+`(, `\w+`)*: ")
_SEVERAL_NAMED = re.compile(r"(?<=\.) (?=`\w+`: )")


class Generated(SphinxDirective):
    """The name of what is generated, and what it is told."""

    required_arguments = 1
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        name, *told = self.arguments
        self.env.note_reread()  # it depends on code that Sphinx does not watch
        if name not in PAGES:
            raise self.error(f"nothing is generated under the name {name!r}; there is {', '.join(PAGES)}")
        parsed = self.parse_text_to_nodes(PAGES[name](*told), allow_section_headings=True)
        # MyST hands over sections first; what stands before them belongs before them.
        return sorted(parsed, key=lambda node: isinstance(node, nodes.section))


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


def write_openapi(app: Sphinx, failed: Exception | None) -> None:
    """The document itself, beside the page made of it."""
    if failed is None and app.builder.format == "html":
        Path(app.outdir, "openapi.json").write_text(json.dumps(openapi(), indent=1), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("generated", Generated)
    app.connect("autodoc-process-docstring", list_what_is_named)
    app.connect("build-finished", write_openapi)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
