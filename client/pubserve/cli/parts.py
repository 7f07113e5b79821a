"""Commands of other distributions, found by their entry points and imported only when they are called.

A distribution offers a command `name` with

    [project.entry-points."pubserve.commands"]
    name = "package.module:object"

where the object is a typer application, a function that typer can make a command of, or one without parameters that
reads `sys.argv`, as a console script does. A script is completed in the shell by the typer application of its module
that is named `app` or `cli`, if there is one.
"""

import inspect
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from pubserve.cli.exits import USAGE_ERROR

GROUP = "pubserve.commands"

# Everything after the name belongs to the command, its --help too.
_PASS_ON = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
    "help_option_names": [],
}


@dataclass(frozen=True, slots=True)
class Part:
    """A command that is known here before it is imported, or even installed.

    `within` is for a short way to a command of another part: `pubserve evaluate` is `pubserve train evaluate`.
    """

    help: str
    install: str = "pubserve-service"
    within: str | None = None


PARTS = {
    "serve": Part("Get the models, start the service on this machine, and serve until interrupted."),
    "models": Part("See, fetch, check and clean up the models that are served."),
    "train": Part("Train the models on papers of your own.", "pubserve-service[train]"),
    "evaluate": Part("Measure a classifier on papers with labels.", "pubserve-service[train]", within="train"),
    "bench": Part("Measure what the service does beside its peers.", "pubserve-service[load]"),
    "load": Part("Put a running service under load; do its service levels hold?", "pubserve-service[load]"),
    "batch": Part("Read a corpus of any size, on this machine or on a cluster, into partitioned files."),
    "worker": Part("Read papers from a stream of Redis or Kafka, and write the answers to another."),
    "agent": Part("Answer a question from a set of papers, with every claim pointing to them."),
    "mcp": Part("Give other agents the tools of a running service (Model Context Protocol)."),
    "keys": Part("Make, list and withdraw the keys that callers need."),
    "plan": Part("Say what machines a number of papers needs.", "pubserve-service[load]"),
}


class Whole(TyperGroup):
    """A group whose parts a shell completes to the last option: while it asks, a part is the command it stands for."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if ctx.resilient_parsing and isinstance(command, PassedOn):
            command = command.itself() or command
        return name, command, rest


class PassedOn(TyperCommand):
    """A command that knows no words of its own."""

    def itself(self) -> Any:
        """The command it stands for; None where that cannot be imported, or is not typer's."""
        return None


def add_to(app: typer.Typer) -> None:
    """Give an application of the class `Whole` every command that is known here or offered by something installed."""
    offered = {entry.name: entry for entry in entry_points(group=GROUP)}
    for name, part in PARTS.items():
        _add(app, name, part, offered.get(part.within or name))
    for name, entry in offered.items():
        if name not in PARTS:
            distribution = entry.dist.name if entry.dist else name
            _add(app, name, Part(f"(from {distribution})", distribution), entry)


def _add(app: typer.Typer, name: str, part: Part, entry: EntryPoint | None) -> None:
    class ThisPart(PassedOn):
        def itself(self) -> Any:
            command = command_of(entry) if entry else None
            return getattr(command, "commands", {}).get(name) if part.within else command

    # Its own help option is off, so that --help reaches the command itself.
    @app.command(
        name,
        cls=ThisPart,
        help=part.help,
        short_help=part.help if entry else f"{part.help} (not installed)",
        context_settings=_PASS_ON,
        add_help_option=False,
    )
    def run(context: typer.Context) -> None:
        if entry is None:
            _refuse(f"`pubserve {name}` is not installed here", part)
        try:
            target = entry.load()
        except ModuleNotFoundError as error:
            _refuse(f"`pubserve {name}` needs the module {error.name}", part)
        if part.within:
            call(target, f"pubserve {part.within}", [name, *context.args])
        else:
            call(target, f"pubserve {name}", context.args)


def _refuse(problem: str, part: Part) -> NoReturn:
    typer.echo(f"{problem}: pip install '{part.install}'", err=True)
    raise typer.Exit(USAGE_ERROR)


def call(target: Any, program: str, arguments: list[str]) -> None:
    """Run what an entry point names, as if `program` were a command of its own."""
    if application := _application_of(target):
        application(args=arguments, prog_name=program)
    else:
        sys.argv = [program, *arguments]
        target()


def command_of(entry: EntryPoint) -> Any:
    """What typer makes of what an entry point names; None where it cannot be imported, or is not typer's."""
    try:
        target = entry.load()
    except ModuleNotFoundError:
        return None
    module = vars(sys.modules[target.__module__])
    candidates = (_application_of(target), module.get("app"), module.get("cli"))
    return next((get_command(found) for found in candidates if isinstance(found, typer.Typer)), None)


def _application_of(target: Any) -> typer.Typer | None:
    """None for a console script, which reads its arguments itself."""
    if isinstance(target, typer.Typer):
        return target
    if not inspect.signature(target).parameters:
        return None
    made = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    made.command()(target)
    return made
