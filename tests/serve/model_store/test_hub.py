"""Weights from a hub: the real client against a hub on this machine, over HTTP."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from serve.model_store import Catalog, ModelStore

from .conftest import FLAT_MODEL, environment
from .servers import model_hub

REPO, COMMIT = "org/tiny", "0123456789abcdef0123456789abcdef01234567"
FILES = {**FLAT_MODEL, "pytorch_model.bin": b"not wanted", "onnx/config.json": b"not wanted"}

PREPARE = """
import sys
from pathlib import Path
from serve.model_store import Catalog, ModelStore, ModelStoreError
from serve.model_store.progress import Lines
store = ModelStore(Path(sys.argv[1]), Catalog.load(Path(sys.argv[2])), Lines(print))
try:
    print("READY", store.prepare("tiny").path)
except ModelStoreError as error:
    print(type(error).__name__, error, "HINT", error.hint)
"""


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """A catalogue with the one model."""
    source = {"kind": "hub", "repo": REPO, "revision": COMMIT}
    catalog = Catalog.model_validate({"models": {"tiny": {"license": "MIT", "source": source}}})
    (tmp_path / "catalog.json").write_text(catalog.model_dump_json(exclude={"root"}))
    return tmp_path / "catalog.json"


def prepare(tmp_path: Path, catalog: Path, **variables: str) -> str:
    """Prepare in a process of its own, for the hub's client reads its environment on import."""
    clean = {name: "" for name in os.environ if name.startswith("HF_")}
    here = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "127.0.0.1"}
    command = [sys.executable, "-c", PREPARE, str(tmp_path / "cache"), str(catalog)]
    env = {**{k: v for k, v in environment().items() if k not in clean}, **here, **variables}
    return subprocess.run(command, check=True, env=env, capture_output=True, text=True).stdout


def test_a_repository_is_fetched_at_its_commit_and_kept_on_the_disk_once(tmp_path: Path, entry: Path) -> None:
    with model_hub(REPO, COMMIT, FILES) as (address, _):
        said = prepare(tmp_path, entry, HF_ENDPOINT=address)
    path = Path(said.split("READY ")[1].strip())

    assert {name: (path / name).read_bytes() for name in FLAT_MODEL} == FLAT_MODEL
    assert {file.name for file in path.iterdir()} == {*FLAT_MODEL, "pubserve-manifest.json"}
    assert (path / "model.safetensors").stat().st_nlink == 2
    assert "tiny: downloading org/tiny" in said


def test_what_the_hubs_own_cache_holds_needs_no_network(tmp_path: Path, entry: Path) -> None:
    with model_hub(REPO, COMMIT, FILES) as (address, _):
        prepare(tmp_path, entry, HF_ENDPOINT=address)
    (tmp_path / "cache").rename(tmp_path / "elsewhere")

    assert "READY" in prepare(tmp_path, entry, HF_HUB_OFFLINE="1")


def test_without_network_the_error_says_what_to_do(tmp_path: Path, entry: Path) -> None:
    said = prepare(tmp_path, entry, HF_HUB_OFFLINE="1")

    assert "WeightsUnavailableError org/tiny could not be downloaded" in said
    assert "copy the cache directory" in said
    assert "HF_ENDPOINT" in said


def test_a_gated_repository_asks_to_accept_its_terms(tmp_path: Path, entry: Path) -> None:
    with model_hub(REPO, COMMIT, FILES, gated=True) as (address, _):
        said = prepare(tmp_path, entry, HF_ENDPOINT=address)

    assert "WeightsUnavailableError org/tiny is gated" in said
    assert "HF_TOKEN" in said


def test_a_repository_that_is_not_there_is_named(tmp_path: Path, entry: Path) -> None:
    with model_hub("org/other", COMMIT, FILES) as (address, _):
        said = prepare(tmp_path, entry, HF_ENDPOINT=address)

    assert f"WeightsUnavailableError The hub has no org/tiny at {COMMIT}" in said


def test_weights_that_differ_from_what_the_hub_announced_are_refused(tmp_path: Path, entry: Path) -> None:
    with model_hub(REPO, COMMIT, FILES, damage="model.safetensors") as (address, _):
        said = prepare(tmp_path, entry, HF_ENDPOINT=address)

    assert "DamagedModelError model.safetensors" in said
    assert not (tmp_path / "cache" / "models" / ".tiny.building").exists()


def test_the_revision_needs_no_network_and_follows_the_commit(tmp_path: Path) -> None:
    def revision(**source: Any) -> str:
        full = {"kind": "hub", "repo": REPO, "revision": COMMIT, **source}
        models = {"tiny": {"license": "MIT", "source": full}}
        return ModelStore(tmp_path, Catalog.model_validate({"models": models})).revision("tiny")

    assert revision() == revision()
    assert len({revision(), revision(revision="f" * 40), revision(repo="org/other"), revision(files=["*"])}) == 4
