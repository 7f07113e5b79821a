"""`python -m tools.images`: build the images, say how large they are, and try each of them out."""

from collections.abc import Iterator
from contextlib import contextmanager
from textwrap import shorten
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from tools.images import buildah
from tools.images.base import base as own_base
from tools.images.buildah import ImageError
from tools.images.building import TARGETS, image_name, remove_stages
from tools.images.building import build as build_target
from tools.images.checks import CHECKS, Check, Container

MB = 10**6
NAME_CHARS = 70

console = Console(highlight=False)
cli = typer.Typer(add_completion=False, no_args_is_help=True, help="The images of the Dockerfile, built with buildah.")

Targets = Annotated[list[str] | None, typer.Argument(help=f"{', '.join(TARGETS)}; all that are built if not given.")]


@cli.command()
def build(
    targets: Annotated[list[str] | None, typer.Argument(help=f"{', '.join(TARGETS)}; all if not given.")] = None,
    base: Annotated[
        str | None, typer.Option(help="A Debian 12 image; without it one is made with debootstrap.", show_default=False)
    ] = None,
    models: Annotated[str, typer.Option(help="Models to have inside the image, by their names in the catalogue.")] = "",
    keep_stages: Annotated[
        bool, typer.Option("--keep-stages", help="Keep what makes the next build fast; many GB.")
    ] = False,
) -> None:
    """Build images, and say how large each layer is. Needs root, buildah, debootstrap and 20 GB for `cpu`.

    Packages come from where pip on this machine is set to look; no layer keeps where that is.
    """
    with _explained():
        for target in _known(targets or list(TARGETS)):
            build_target(target, base=base or own_base(), models=models.split())
            _show(target)
        if not keep_stages:
            remove_stages()


@cli.command()
def sizes(targets: Targets = None) -> None:
    """Say how large the layers of images are, in bytes of files, before a registry compresses them."""
    with _explained():
        for target in _built(targets):
            _show(target)


@cli.command()
def check(targets: Targets = None) -> None:
    """Start each image and see whether it does its work. Exit status 1 if one does not.

    `cpu` serves one paper, with the models of this machine's cache and no network but this host's.
    """
    failed = False
    with _explained():
        for target in _built(targets):
            with buildah.container(image_name(target)) as name:
                for one in CHECKS[target]:
                    failed |= not _passes(one, Container(image_name(target), name), target)
    raise typer.Exit(1 if failed else 0)


def _passes(one: Check, container: Container, target: str) -> bool:
    try:
        console.print(f"[green]✓[/green] {target}: {one.__doc__}: {escape(one(container))}", soft_wrap=True)
    except ImageError as error:
        console.print(f"[red]✗ {target}: {one.__doc__}:[/red] {escape(str(error))}", soft_wrap=True)
        return False
    return True


def _known(targets: list[str]) -> list[str]:
    for target in targets:
        if target not in TARGETS:
            raise typer.BadParameter(f"there is no target {target!r}; there is: {', '.join(TARGETS)}")
    return targets


def _built(targets: list[str] | None) -> list[str]:
    if targets:
        return _known(targets)
    built = [target for target in TARGETS if buildah.exists(image_name(target))]
    if not built:
        raise ImageError("No image is built here: python -m tools.images build")
    return built


def _show(target: str) -> None:
    layers = buildah.layers(image_name(target))
    table = Table("layer", Column("MB", justify="right"), title=image_name(target), title_justify="left", box=SIMPLE)
    for layer in layers:
        table.add_row(shorten(layer.made_by, NAME_CHARS, placeholder=" …"), f"{layer.size_bytes / MB:.1f}")
    table.add_section()
    table.add_row("together", f"{sum(layer.size_bytes for layer in layers) / MB:.1f}")
    console.print(table, width=NAME_CHARS + 14)


@contextmanager
def _explained() -> Iterator[None]:
    """A failure is one message, and exit status 1."""
    try:
        yield
    except ImageError as error:
        console.print(f"[red]error:[/red] {escape(str(error))}")
        raise typer.Exit(1) from None


if __name__ == "__main__":
    cli()
