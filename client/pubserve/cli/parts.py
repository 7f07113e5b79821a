"""Commands of other distributions, found by their entry points and imported only when they are called.

A distribution offers a command `name` with

    [project.entry-points."pubserve.commands"]
    name = "package.module:object"

where the object is a typer application, a function that typer can make a command of, or one without parameters that
reads `sys.argv`, as a console script does. A script is completed in the shell by the typer application `app` of its
module, if there is one.
"""

import inspect
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand
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


def add_to(app: typer.Typer) -> None:
    """Give the application every command that is known here or offered by something installed."""
    offered = {entry.name: entry for entry in entry_points(group=GROUP)}
    for name, part in PARTS.items():
        _add(app, name, part, offered.get(part.within or name))
    for name, entry in offered.items():
        if name not in PARTS:
            distribution = entry.dist.name if entry.dist else name
            _add(app, name, Part(f"(from {distribution})", distribution), entry)


def _add(app: typer.Typer, name: str, part: Part, entry: EntryPoint | None) -> None:
    class PassedOn(TyperCommand):
        def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
            return completions(entry, ctx, incomplete) if entry and not part.within else []

    # Its own help option is off, so that --help reaches the command itself.
    @app.command(
        name,
        cls=PassedOn,
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


def completions(entry: EntryPoint, context: Any, incomplete: str) -> list[Any]:
    """What a shell may offer next behind the words in `context`: commands and options of the part.

    Nothing where it cannot be imported, or is not typer's."""
    try:
        target = entry.load()
    except ModuleNotFoundError:
        return []
    application = _application_of(target) or getattr(sys.modules[target.__module__], "app", None)
    if not isinstance(application, typer.Typer):
        return []
    command: Any = get_command(application)
    words = list(context.args)
    while words and (deeper := getattr(command, "commands", {}).get(words[0])):
        command, words = deeper, words[1:]
    inner = command.make_context(command.name, words, parent=context, resilient_parsing=True)
    offered: list[Any] = command.shell_complete(inner, incomplete)
    return offered


def _application_of(target: Any) -> typer.Typer | None:
    """None for a console script, which reads its arguments itself."""
    if isinstance(target, typer.Typer):
        return target
    if not inspect.signature(target).parameters:
        return None
    made = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    made.command()(target)
    return made
