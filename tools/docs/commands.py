"""Every command line of the repository: which there are, and what their `--help` says."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from tools.docs.markdown import block, code

ROOT = Path(__file__).parents[2]
WIDTH = 88


@dataclass(frozen=True, slots=True)
class Program:
    """A command as it is typed, and where it is made: a typer application, or a function that typer runs."""

    name: str
    module: str
    attribute: str
    also: str | None = None
    """Another way to type it."""

    @property
    def command(self) -> Any:
        """The click command."""
        return _command(self.module, self.attribute)


_PROGRAMS = (
    Program("pubserve", "pubserve.cli.app", "app"),
    Program("pubserve serve", "serve.launch", "cli", "pubserve-serve"),
    Program("pubserve models", "serve.model_store.cli", "app", "pubserve-models"),
    Program("pubserve keys", "serve.keys.cli", "app"),
    Program("pubserve train", "training.__main__", "cli", "python -m training"),
    Program("pubserve batch", "bulk.cli", "cli"),
    Program("python -m bulk.compare", "bulk.compare", "main"),
    Program("pubserve worker", "streams.cli", "cli"),
    Program("pubserve agent", "serve.agent.cli", "cli"),
    Program("pubserve mcp", "serve.agent.mcp_server", "cli"),
    Program("pubserve load", "loadtest.load.__main__", "main", "python -m loadtest.load"),
    Program("pubserve plan", "loadtest.plan.cli", "app", "python -m loadtest.plan"),
    Program("pubserve bench", "loadtest.bench.__main__", "app", "python -m loadtest.bench"),
    Program("python -m loadtest.scale", "loadtest.scale.__main__", "app"),
    Program("python -m loadtest.faults", "loadtest.faults.__main__", "app"),
    Program("python -m loadtest.classifier", "loadtest.classifier", "app"),
    Program("python -m loadtest.placement", "loadtest.placement", "main"),
    Program("python -m loadtest.engine_sweep", "loadtest.engine_sweep.__main__", "app"),
    Program("python -m loadtest.footprint", "loadtest.footprint", "main"),
    Program("python -m loadtest.bulk_memory", "loadtest.bulk_memory", "main"),
    Program("python -m loadtest.simulated", "loadtest.simulated", "main"),
    Program("python -m tools.k8s", "tools.k8s.__main__", "cli"),
    Program("python -m tools.images", "tools.images.__main__", "cli"),
    Program("python -m tools.monitoring", "tools.monitoring.__main__", "cli"),
)
PROGRAMS = {name: program for program in _PROGRAMS for name in (program.name, program.also) if name}
"""By each way to type them."""


def commands_page(name: str) -> str:
    """The help of a program, and of each of its commands that does something itself."""
    program = PROGRAMS[name]
    parts: list[str] = []
    for path, command in walk(name, program.command):
        if path == name:
            parts.append(f"## {code(path)}\n")
            parts += [f"Also {code(program.also)}.\n"] if program.also else []
        elif is_passed_on(command):
            continue
        else:
            parts.append(f"### {code(path)}\n")
        parts.append(block(_help(path, command)))
    return "\n".join(parts)


def walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """A command and all below it, by what is typed to reach them."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(f"{path} {name}", child)


def is_passed_on(command: Any) -> bool:
    """It belongs to another distribution, and reads its words itself."""
    return bool(command.context_settings.get("ignore_unknown_options"))


def _help(path: str, command: Any) -> str:
    command.rich_markup_mode = None  # boxes drawn around options are for terminals
    context = command.context_class(command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH)
    return str(command.get_help(context)).replace(f"{ROOT}/", "")  # defaults that lie in the repository


@cache
def _command(module: str, attribute: str) -> Any:
    made = getattr(import_module(module), attribute)
    if not isinstance(made, typer.Typer):
        function, made = made, typer.Typer(add_completion=False, rich_markup_mode=None)
        made.command()(function)
    return typer.main.get_command(made)
