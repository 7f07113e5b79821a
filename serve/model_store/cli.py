"""`pubserve-models`: see, fetch, check and clean up the models of the catalogue."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from serve.model_store.catalog import CATALOG_VARIABLE, Catalog
from serve.model_store.errors import ModelStoreError
from serve.model_store.parallel import prepare_many
from serve.model_store.progress import show_on
from serve.model_store.store import ModelStore, default_cache_dir

EXAMPLES = """Fetch, check and clean up the models that Pubserve serves.

\b
Examples:
  pubserve models list                           what there is, and what is ready
  pubserve models prepare smollm2-135m-instruct  fetch and convert one model, once
  pubserve models prepare gemma-3-270m cancer-classifier
  pubserve models verify                         read every prepared model against its checksums
  pubserve models path cancer-classifier         where it lies, for other programs
  pubserve models prune                          remove revisions that are no longer used

Models are kept in PUBSERVE_CACHE_DIR (default: ~/.cache/pubserve). To use them on a machine without a network, copy
that directory to it.
"""

app = typer.Typer(
    name="pubserve-models",
    help=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)

out = Console()
err = Console(stderr=True)

Names = Annotated[list[str] | None, typer.Argument(metavar="[NAMES]...", help="Names from the catalogue.")]
CacheDir = Annotated[
    Path | None, typer.Option("--cache-dir", envvar="PUBSERVE_CACHE_DIR", help="Where prepared models are kept.")
]
CatalogFile = Annotated[
    Path | None,
    typer.Option(
        "--catalog",
        help=f"This catalogue (YAML) alone. Without it: the shipped one, with that of ${CATALOG_VARIABLE} on top.",
        show_default=False,
    ),
]


def cli() -> None:
    """Run the command; a failure is one message with what to do, and a non-zero exit status."""
    try:
        app()
    except ModelStoreError as error:
        _complain(error)
        raise SystemExit(1) from None


@app.command("list")
def list_models(cache_dir: CacheDir = None, catalog: CatalogFile = None) -> None:
    """Show every model: where it comes from, its licence, its size on disk, and whether it is ready.

    \b
    Example:
      pubserve models list
    """
    store = _store(cache_dir, catalog)
    table = Table("Name", "Source", "Licence", "Size", "State", box=None, pad_edge=False)
    for name, entry in store.catalog.models.items():
        state = store.state(name)
        ready = store.find(name) if state == "ready" else None
        size = f"{ready.size_bytes / 1e6:.0f} MB" if ready else "-"
        source = str(entry.source) if entry.source else f"adapter on {entry.base}"
        table.add_row(name, source, entry.license, size, f"{state}, {ready.revision}" if ready else state)
    # A pipe has no width of its own: give the table what it needs instead of folding it.
    (out if out.is_terminal else Console(width=200)).print(table)


@app.command()
def prepare(
    names: Names = None,
    all_models: Annotated[bool, typer.Option("--all", help="Every model of the catalogue.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build again even what looks complete.")] = False,
    cache_dir: CacheDir = None,
    catalog: CatalogFile = None,
) -> None:
    """Fetch models, check them, and convert them once; two at a time. A model that is ready costs nothing.

    \b
    Examples:
      pubserve models prepare smollm2-135m-instruct
      pubserve models prepare gemma-3-270m cancer-classifier
      pubserve models prepare --all
    """
    if bool(names) == all_models:
        raise typer.BadParameter("Give the names of models, or --all.", param_hint="NAMES")
    store = _store(cache_dir, catalog)
    with show_on(err) as reporter:
        store.reporter = reporter
        outcomes = prepare_many(store, names or list(store.catalog.models), rebuild=rebuild)
    failures = [outcome for outcome in outcomes.values() if isinstance(outcome, ModelStoreError)]
    for outcome in outcomes.values():
        if not isinstance(outcome, ModelStoreError):
            typer.echo(f"{outcome.id}  {outcome.path}")
    for failure in failures:
        _complain(failure)
    if failures:
        raise typer.Exit(1)


@app.command()
def verify(names: Names = None, cache_dir: CacheDir = None, catalog: CatalogFile = None) -> None:
    """Read prepared models against their checksums (about a second per gigabyte); all of them unless named.

    \b
    Example:
      pubserve models verify gemma-3-270m
    """
    store = _store(cache_dir, catalog)
    damaged = False
    for name in names or [name for name in store.catalog.models if store.state(name) in ("ready", "damaged")]:
        damages = store.verify(name)
        for damage in damages:
            typer.echo(f"{name}: {damage.file}: {damage.problem}")
        if not damages:
            typer.echo(f"{name}: sound")
        damaged = damaged or bool(damages)
    if damaged:
        typer.echo("Run `pubserve-models prepare --rebuild NAME` to build a damaged model again.", err=True)
        raise typer.Exit(1)


@app.command()
def path(name: str, cache_dir: CacheDir = None, catalog: CatalogFile = None) -> None:
    """Print the directory of a prepared model.

    \b
    Example:
      vllm serve "$(pubserve models path smollm2-135m-instruct)"
    """
    typer.echo(_store(cache_dir, catalog).path(name))


@app.command()
def prune(cache_dir: CacheDir = None, catalog: CatalogFile = None) -> None:
    """Remove the revisions that the catalogue no longer names. Do not prune while another version still serves them.

    \b
    Example:
      pubserve models prune
    """
    removed = _store(cache_dir, catalog).prune()
    for directory in removed:
        typer.echo(f"removed {directory}")
    if not removed:
        typer.echo("nothing to remove")


def _store(cache_dir: Path | None, catalog: Path | None) -> ModelStore:
    return ModelStore(cache_dir or default_cache_dir(), Catalog.load(catalog))


def _complain(error: ModelStoreError) -> None:
    err.print("error:", end=" ", style="bold red")
    err.print(str(error), markup=False, highlight=False, soft_wrap=True)
    if error.hint:
        err.print(f"  {error.hint}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    cli()
