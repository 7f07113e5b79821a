"""What the guides name exists: commands and their options, variables, metrics, files."""

import importlib.util
import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.exceptions import TyperException

from pubserve.cli.parts import PARTS
from serve.metrics import Metrics
from serve.settings import Settings
from streams.metrics import WorkerMetrics
from tests.docs.pages import ROOT, Command, Page, all_pages, commands_in
from tools.docs.commands import PROGRAMS, is_passed_on
from tools.docs.settings import all_settings
from tools.docs.worker import worker_variables

CODE = ("client", "serve", "streams", "training", "loadtest", "tools")
OTHER_PROGRAMS = {
    "curl", "cut", "docker", "export", "gcloud", "helm", "jq", "kubectl", "pip", "redis-cli", "source", "zcat",
}  # fmt: skip
OUR_PROGRAMS = ("make", "python", "pubserve", "pubserve-serve", "pubserve-models")

_VARIABLE = re.compile(r"\bPUBSERVE_[A-Z_]*[A-Z]")
_METRIC = re.compile(r"\bpubserve_[a-z_]*[a-z]")
_FIGURE = re.compile(r"\b\d\.\d+\b")
_FILE = re.compile(rf"(?:{'|'.join((*CODE, 'docs', 'k8s', 'models', 'tests'))})/[\w./-]*")


def by_page(test: Any) -> Any:
    return pytest.mark.parametrize("page", all_pages(), ids=str)(test)


@by_page
def test_commands_and_options_exist(page: Page) -> None:
    for command in page.commands():
        check(command, complete=True)
    for text in page.inline_code:
        if text.split(" ", 1)[0].removeprefix(".venv/bin/") in OUR_PROGRAMS and " " in text:
            for command in commands_in(text, str(page)):
                check(command, complete=False)


@pytest.mark.parametrize(
    "stale",
    [
        "make server",
        "make serve COLOUR=red",
        "pubserve analyse papers.csv",
        "pubserve analyze papers.csv --output answers.csv",
        "pubserve analyze papers.csv --format word",
        "pubserve status now",
        "pubserve-models",
        "python -m training classifier",
        "python -m loadtest.loads",
        "pubserve load --shape zigzag",
        "pubserve evaluate PAPERS --trust",
        "python read papers.csv",
        "pubserved --port 9000",
    ],
)
def test_a_command_that_is_no_more_is_found(stale: str) -> None:
    [command] = commands_in(stale, "here")

    with pytest.raises((AssertionError, TyperException)):
        check(command, complete=True)


@by_page
def test_variables_exist(page: Page) -> None:
    assert set(_VARIABLE.findall(page.text)) <= variables()


@by_page
def test_values_of_settings_are_allowed(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {setting.variable for setting in all_settings()}
    for command in page.commands():
        with monkeypatch.context() as patch:
            for name, value in command.environment.items():
                if name in names:
                    patch.setenv(name, value)
            Settings()


@by_page
def test_metrics_exist(page: Page) -> None:
    assert set(_METRIC.findall(page.text)) <= metrics()


@by_page
def test_files_exist(page: Page) -> None:
    named = {text for text in page.inline_code if _FILE.fullmatch(text)}

    assert not {name for name in named if not any(ROOT.glob(name.rstrip("/")))}


def test_figures_on_how_models_were_measured_are_those_of_their_cards() -> None:
    cards = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("models/*/README.md"))
    said = (ROOT / "docs/explanation/evaluation.md").read_text(encoding="utf-8")

    assert set(_FIGURE.findall(said)) <= set(_FIGURE.findall(cards))


def check(command: Command, *, complete: bool) -> None:
    """Fail unless the command exists and takes these words; a `complete` one has all that it needs."""
    program, *arguments = command.words
    program = program.rsplit("/", 1)[-1]
    if program in OTHER_PROGRAMS:
        return
    assert program in OUR_PROGRAMS, f"{command}: what program is that?"
    if program == "make":
        assert {word for word in arguments if "=" not in word} <= targets(), command
        assert {word.split("=")[0] for word in arguments if "=" in word} <= make_variables(), command
        return
    if program == "python":
        if arguments[0].endswith(".py"):
            return  # a program of the reader's
        assert arguments[0] == "-m", command
        program, *arguments = f"python -m {arguments[1]}", *arguments[2:]
        if program not in PROGRAMS:
            assert importlib.util.find_spec(program.split()[-1]), command
            return
    if program == "pubserve" and arguments:
        part = PARTS.get(arguments[0])
        arguments = [part.within, *arguments] if part and part.within else arguments
        if f"pubserve {arguments[0]}" in PROGRAMS:
            program, *arguments = f"pubserve {arguments[0]}", *arguments[1:]
    check_arguments(program, PROGRAMS[program].command, arguments, command, complete=complete)


def check_arguments(name: str, program: Any, arguments: list[str], command: Command, *, complete: bool) -> None:
    """Go down to the subcommand, and let its own parser read what is left."""
    assert not is_passed_on(program), f"{command}: name it in tools/docs/commands.py"
    context = program.context_class(program, info_name=name)
    given, left, _ = program.make_parser(context).parse_args(list(arguments))
    if subcommands := getattr(program, "commands", None):
        if left:
            assert left[0] in subcommands, f"{command}: there is {', '.join(subcommands)}"
            check_arguments(f"{name} {left[0]}", subcommands[left[0]], left[1:], command, complete=complete)
        else:
            assert given or not complete, f"{command}: which command?"
        return
    assert not left, f"{command}: too many arguments"
    for parameter in program.params:
        value = given.get(parameter.name)
        missing = value in (None, (), []) and complete and "help" not in given
        assert not (parameter.required and missing), f"{command}: needs {parameter.name}"
        if isinstance(value, str) and (choices := choices_of(parameter)):
            assert value in choices, f"{command}: {parameter.name} is one of {', '.join(choices)}"


def choices_of(parameter: Any) -> list[str]:
    kind = parameter.type_descriptor.annotation
    return [str(member.value) for member in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []


@cache
def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", makefile(), re.MULTILINE))


@cache
def make_variables() -> set[str]:
    return set(re.findall(r"^([A-Z]+) \?=", makefile(), re.MULTILINE))


def makefile() -> str:
    return (ROOT / "Makefile").read_text(encoding="utf-8")


@cache
def variables() -> set[str]:
    """The settings', and those that the code reads itself."""
    read = {name for path in sources() for name in _VARIABLE.findall(path.read_text(encoding="utf-8"))}
    return read | {setting.variable for setting in all_settings()} | worker_variables()


@cache
def metrics() -> set[str]:
    """Names of samples, and those of their families."""
    families = [*Metrics().registry.collect(), *WorkerMetrics().registry.collect()]
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ()}
    return {family.name + suffix for family in families for suffix in ("", *suffixes[family.type])}


def sources() -> Iterator[Path]:
    for folder in CODE:
        yield from (ROOT / folder).rglob("*.py")
    yield ROOT / "compose.yaml"
