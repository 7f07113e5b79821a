"""Options that several commands share."""

from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option(
        envvar="PUBSERVE_BASE_URL", help="Where the service is.", show_default="http://127.0.0.1:8000", metavar="URL"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Say it as one JSON object, for other programs.")]
