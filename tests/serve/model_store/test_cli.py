"""`pubserve-models`, as its user meets it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from serve.model_store import Catalog, ModelStore, prepare_many
from serve.model_store.cli import cli
from serve.model_store.progress import Lines

from .conftest import FLAT_MODEL, MakeStore, environment, local_model


@dataclass
class Result:
    status: int
    out: str
    err: str


class Shell:
    """Runs the command, as its console script does, on a catalogue and a cache of the test's own."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.catalog = place / "catalog.json"
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.setenv("PUBSERVE_CACHE_DIR", str(place / "cache"))

    def __call__(self, *words: str) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["pubserve-models", *words, "--catalog", str(self.catalog)])
        try:
            cli()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        captured = self._capsys.readouterr()
        return Result(status, captured.out, captured.err)

    def knows(self, **models: dict[str, Any]) -> None:
        self.catalog.write_text(Catalog.model_validate({"models": models}).model_dump_json(exclude={"root"}))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    shell = Shell(tmp_path, monkeypatch, capsys)
    shell.knows(one=local_model(tmp_path / "one"), two=local_model(tmp_path / "two"))
    return shell


def test_from_an_empty_cache_to_a_verified_model(shell: Shell) -> None:
    assert "not prepared" in shell("list").out

    prepared = shell("prepare", "one")
    assert prepared.status == 0
    assert prepared.out.startswith("one@")
    assert "one: writing the manifest [0 s]" in prepared.err

    path = Path(shell("path", "one").out.strip())
    assert (path / "config.json").read_bytes() == FLAT_MODEL["config.json"]
    listed = shell("list").out
    assert f"ready, {path.name.removeprefix('one-')}" in listed
    assert "MIT" in listed

    verified = shell("verify")
    assert (verified.status, verified.out) == (0, "one: sound\n")


def test_several_models_are_prepared_and_one_failure_does_not_stop_the_others(shell: Shell, tmp_path: Path) -> None:
    gone = {"license": "MIT", "source": {"kind": "local", "path": "/nowhere/at/all"}}
    shell.knows(one=local_model(tmp_path / "one"), gone=gone, two=local_model(tmp_path / "two"))

    result = shell("prepare", "--all")

    assert result.status == 1
    assert [line.split("@")[0] for line in result.out.splitlines()] == ["one", "two"]
    assert "error: There is no directory /nowhere/at/all." in result.err
    assert "Traceback" not in result.err


def test_a_damaged_file_is_reported_with_the_way_out(shell: Shell) -> None:
    shell("prepare", "one")
    path = Path(shell("path", "one").out.strip()) / "model.safetensors"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[::-1])

    verified = shell("verify", "one")

    assert (verified.status, verified.out) == (1, "one: model.safetensors: wrong sha256\n")
    assert "prepare --rebuild" in verified.err
    assert shell("prepare", "--rebuild", "one").status == 0
    assert shell("verify", "one").status == 0


def test_old_revisions_are_pruned(shell: Shell, tmp_path: Path) -> None:
    shell("prepare", "one")
    old = shell("path", "one").out.strip()
    (tmp_path / "one" / "more.json").write_text("{}")

    assert shell("prune").out == f"removed {old}\n"
    assert shell("prune").out == "nothing to remove\n"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["prepare", "nothing"], 1, "The catalogue has: one, two."),
        (["path", "one"], 1, "Run `pubserve-models prepare one`."),
        (["prepare"], 2, "--all"),
        (["prepare", "one", "--all"], 2, "--all"),
    ],
)
def test_mistakes_are_one_clear_message(shell: Shell, words: list[str], status: int, message: str) -> None:
    result = shell(*words)

    assert result.status == status
    assert message in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("command", ["prepare", "verify", "path", "prune", "list"])
def test_help_teaches_by_example(shell: Shell, command: str) -> None:
    result = shell(command, "--help")

    assert result.status == 0
    assert "Example" in result.out


def test_the_command_runs_as_a_module_of_its_own() -> None:
    command = [sys.executable, "-m", "serve.model_store.cli"]
    helped = subprocess.run([*command, "--help"], env=environment(), capture_output=True, text=True)
    failed = subprocess.run([*command, "path", "nothing"], env=environment(), capture_output=True, text=True)

    assert helped.returncode == 0
    assert "pubserve models prepare smollm2-135m-instruct" in helped.stdout
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("error: There is no model 'nothing'.\n")


def test_models_in_parallel_report_to_the_one_who_asked(tmp_path: Path, make_store: MakeStore) -> None:
    said: list[str] = []
    store = make_store(Lines(said.append), one=local_model(tmp_path / "one"), two=local_model(tmp_path / "two"))

    outcomes = prepare_many(store, ["two", "one"])

    assert outcomes == {"two": ModelStore(store.cache_dir, store.catalog).find("two"), "one": store.find("one")}
    assert {line.split(" [")[0] for line in said} >= {"one: ready (0 MB)", "two: ready (0 MB)"}
    assert prepare_many(store, ["one", "two", "one"]).keys() == {"one", "two"}
