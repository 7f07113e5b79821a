"""The commands of `pubserve` that need nothing but a service, beside those of other distributions."""

from typing import Annotated

import typer

from pubserve._version import __version__
from pubserve.cli import parts
from pubserve.cli.analyze import analyze
from pubserve.cli.status import status

HELP = """Read biomedical papers: cancer labels with calibrated confidences, diseases with their places in the text.

\b
  pubserve analyze papers.csv -o answers.jsonl        read a file of papers, in any format
  pubserve analyze papers.csv -o answers.jsonl --resume
                                                      go on where a run broke off
  pubserve analyze --pmid 30872385,31452104           papers of PubMed, answers on the terminal
  zcat pubmed.xml.gz | pubserve analyze - -o out.parquet
  pubserve status                                     is the service well, and how fast is it
  pubserve serve                                      start one on this machine

\b
The service is where --url or PUBSERVE_BASE_URL says, else http://127.0.0.1:8000; a key comes from PUBSERVE_API_KEY.
"""

app = typer.Typer(
    name="pubserve",
    cls=parts.Whole,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pubserve {__version__}")
        raise typer.Exit


@app.callback()
def pubserve(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Takes the options before a command; the help is the application's own."""


app.command(short_help="Read papers from files, standard input or PubMed.")(analyze)
app.command(short_help="Show whether the service is well, what it runs, and how fast.")(status)
parts.add_to(app)
