"""Commands of other distributions: listed without being imported, run as if they were commands of their own."""

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from pubserve.cli import parts

MODULE = """
import sys
from enum import StrEnum
import typer

class Speed(StrEnum):
    SLOW = "slow"
    FAST = "fast"

cli = typer.Typer(help="Several commands.")
inner = typer.Typer()
cli.add_typer(inner, name="inner")

@inner.command()
def four(speed: Speed = Speed.SLOW):
    pass

@inner.command()
def five():
    pass

@cli.command()
def one(name: str, loud: bool = False):
    print("one", name, loud)

@cli.command()
def two():
    raise SystemExit(7)

@cli.command()
def evaluate(model: str = ""):
    pass

def function(count: int = typer.Option(1, help="How many."), names: list[str] = None):
    print("function", count, names)

def script():
    print("script", sys.argv)

app = typer.Typer()

@app.command()
def three(quick: bool = False):
    pass
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs an application whose part `extra` is an object of `some_part`, a module made for this test."""
    (tmp_path / "some_part.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "some_part", raising=False)

    def run(value: str, *words: str, name: str = "extra") -> Result:
        offered = [EntryPoint(name, value, parts.GROUP)]
        monkeypatch.setattr(parts, "entry_points", lambda group: offered if group == parts.GROUP else [])
        app = typer.Typer(cls=parts.Whole, add_completion=False)
        app.callback()(lambda: None)
        parts.add_to(app)
        return CliRunner().invoke(app, list(words))

    return run


@pytest.mark.parametrize(
    ("value", "words", "printed"),
    [
        ("some_part:cli", ["one", "a", "--loud"], "one a True"),
        ("some_part:function", ["--count", "3"], "function 3"),
        ("some_part:script", ["--any", "-x", "thing"], "script ['pubserve extra', '--any', '-x', 'thing']"),
    ],
)
def test_applications_functions_and_console_scripts_get_all_that_follows_their_name(
    run: Any, value: str, words: list[str], printed: str
) -> None:
    ran = run(value, "extra", *words)

    assert ran.exit_code == 0, ran.output
    assert ran.stdout.startswith(printed)


@pytest.mark.parametrize(
    ("value", "said"), [("some_part:cli", "Several commands."), ("some_part:function", "How many")]
)
def test_help_is_that_of_the_part_under_its_name_here(run: Any, value: str, said: str) -> None:
    ran = run(value, "extra", "--help")

    assert "Usage: pubserve extra" in ran.stdout
    assert said in ran.stdout


def test_evaluate_is_a_short_way_to_a_command_of_train(run: Any) -> None:
    ran = run("some_part:script", "evaluate", "papers.csv", name="train")

    assert ran.stdout == "script ['pubserve train', 'evaluate', 'papers.csv']\n"


@pytest.mark.parametrize(
    ("value", "words", "offered"),
    [
        ("some_part:cli", "", {"one", "two", "inner", "evaluate"}),
        ("some_part:cli", "one --l", {"--loud"}),
        ("some_part:cli", "inner f", {"four", "five"}),
        ("some_part:cli", "inner four --speed f", {"fast"}),
        ("some_part:function", "--co", {"--count"}),
        ("some_part:script", "--q", {"--quick"}),
        ("no_such_module:cli", "", set()),
    ],
)
def test_a_shell_completes_what_follows_its_name(
    run: Any, monkeypatch: pytest.MonkeyPatch, value: str, words: str, offered: set[str]
) -> None:
    assert completed(run, monkeypatch, f"extra {words}", value) == offered


def test_a_shell_completes_the_short_way_to_a_command(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed(run, monkeypatch, "evaluate --m", "some_part:cli", name="train") == {"--model"}


def test_a_shell_is_told_the_names_of_parts_without_importing_them(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"train", "load", "extra"} <= completed(run, monkeypatch, "", "some_part:cli")
    assert "some_part" not in sys.modules


def completed(run: Any, monkeypatch: pytest.MonkeyPatch, words: str, value: str, **options: str) -> set[str]:
    """What bash is offered behind these words."""
    typed = f"root {words}"
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split(" ")) - 1))
    monkeypatch.setenv("_ROOT_COMPLETE", "complete_bash")
    return set(run(value, **options).stdout.split())


@pytest.mark.parametrize(
    ("words", "some"),
    [
        ("train ", {"classifier", "data"}),
        ("train data ", {"inspect", "fetch"}),
        ("evaluate --m", {"--model"}),
        ("load --shape r", {"ramp"}),
        ("models v", {"verify"}),
    ],
)
def test_a_shell_completes_the_parts_of_the_service(words: str, some: set[str]) -> None:
    typed = f"pubserve {words}"
    asked = {
        "_PUBSERVE_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split(" ")) - 1),
    }
    script = "import sys; sys.argv = ['pubserve']; from pubserve.cli import main; main()"

    ran = subprocess.run([sys.executable, "-c", script], env=os.environ | asked, capture_output=True, text=True)

    assert some <= set(ran.stdout.split()), ran.stderr


def test_its_exit_status_is_passed_on(run: Any) -> None:
    assert run("some_part:cli", "extra", "two").exit_code == 7


def test_the_list_of_commands_imports_none_of_them(run: Any) -> None:
    ran = run("some_part:cli", "--help", name="train")

    assert "Train the models on papers of your own." in ran.stdout
    assert "some_part" not in sys.modules


def test_a_part_that_is_not_installed_says_what_to_install(run: Any) -> None:
    ran = run("some_part:cli", "bench", "--papers", "x")

    assert ran.exit_code == 2
    assert "`pubserve bench` is not installed here: pip install 'pubserve-service[load]'" in ran.stderr


def test_a_part_without_what_it_needs_says_so_too(run: Any) -> None:
    ran = run("no_such_module:cli", "load", name="load")

    assert ran.exit_code == 2
    assert "needs the module no_such_module: pip install 'pubserve-service[load]'" in ran.stderr


def test_without_its_extra_the_command_says_what_to_install() -> None:
    script = "import sys; sys.modules['typer'] = None; from pubserve.cli import main; main()"
    hide = (
        "import importlib.util as u; f = u.find_spec; u.find_spec = lambda n, *a: None if n == 'rich' else f(n, *a)\n"
    )

    ran = subprocess.run([sys.executable, "-c", hide + script], capture_output=True, text=True)

    assert ran.returncode == 2
    assert "pip install 'pubserve[cli]'" in ran.stderr


def test_help_imports_neither_models_nor_ray() -> None:
    script = "import atexit, sys; sys.argv = ['pubserve', '--help']; from pubserve.cli import main\n"
    script += "heavy = ('torch', 'ray', 'pandas', 'pyarrow', 'serve')\n"
    script += "atexit.register(lambda: print([name for name in heavy if name in sys.modules])); main()"

    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == "[]"
    assert "pubserve analyze papers.csv" in ran.stdout
