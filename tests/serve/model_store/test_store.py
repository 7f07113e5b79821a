"""One name, one finished directory: whoever builds at the same time, whoever is killed, whatever is damaged."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.model_store import ConversionError, ModelStore, StorageError, WeightsUnavailableError
from serve.model_store.errors import storage_problem

from .child import Diary
from .conftest import FLAT_MODEL, MakeStore, debris, environment, local_model

CHILD = Path(__file__).with_name("child.py")


def start_child(store: ModelStore, diary: Path, *options: str) -> "subprocess.Popen[bytes]":
    catalog = diary.with_suffix(".catalog")
    catalog.write_text(store.catalog.model_dump_json(exclude={"root"}))
    command = [sys.executable, str(CHILD), str(store.cache_dir), str(catalog), str(diary), *options]
    return subprocess.Popen(command, env=environment())


def test_a_prepared_model_is_found_again(make_store: MakeStore, tmp_path: Path) -> None:
    diary = Diary(tmp_path / "diary")
    store = make_store(diary, tiny=local_model(tmp_path / "weights"))

    first = store.prepare("tiny")
    steps = diary.lines()

    assert store.prepare("tiny") == first == store.find("tiny")
    assert diary.lines() == steps
    assert first.path.name == f"tiny-{first.revision}"
    assert (store.state("tiny"), store.path("tiny"), store.verify("tiny")) == ("ready", first.path, [])


def test_the_manifest_lists_every_file_and_its_origin(make_store: MakeStore, tmp_path: Path) -> None:
    prepared = make_store(tiny=local_model(tmp_path / "weights")).prepare("tiny")

    manifest = json.loads((prepared.path / "pubserve-manifest.json").read_text())

    assert manifest["files"].keys() == FLAT_MODEL.keys()
    assert manifest["files"]["config.json"]["size"] == len(FLAT_MODEL["config.json"])
    assert (manifest["name"], manifest["revision"], manifest["license"]) == ("tiny", prepared.revision, "MIT")


def test_two_processes_at_once_build_once(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(tiny=local_model(tmp_path / "weights"))
    diary = Diary(tmp_path / "diary")
    waiting = "waiting for another process that is preparing it"

    until_both_are_here = ("--stop-at", "writing the manifest", "--until", waiting)
    children = [start_child(store, diary.file, *until_both_are_here) for _ in range(2)]

    assert [child.wait(60) for child in children] == [0, 0]
    assert diary.lines().count("writing the manifest") == 1
    assert diary.lines().count(waiting) == 1
    assert store.state("tiny") == "ready"


def test_a_build_killed_half_way_leaves_nothing_in_the_way(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(tiny=local_model(tmp_path / "weights"))
    diary = Diary(tmp_path / "diary")
    child = start_child(store, diary.file, "--stop-at", "writing the manifest")
    while "writing the manifest" not in diary.lines():
        time.sleep(0.05)
        assert child.poll() is None

    child.kill()

    assert child.wait(60) == -signal.SIGKILL
    assert debris(tmp_path) != []
    assert store.state("tiny") == "not prepared"
    store.prepare("tiny")
    assert store.verify("tiny") == []
    assert debris(tmp_path) == []


def test_verify_names_the_damaged_file(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(tiny=local_model(tmp_path / "weights"))
    path = store.prepare("tiny").path
    replace(path / "model.safetensors", FLAT_MODEL["model.safetensors"].replace(b"weights", b"weightz"))

    assert [(d.file, d.problem) for d in store.verify("tiny")] == [("model.safetensors", "wrong sha256")]
    store.prepare("tiny", rebuild=True)
    assert store.verify("tiny") == []


def test_a_wrong_byte_is_said_and_made_good_by_whoever_is_about_to_load_the_model(
    make_store: MakeStore, tmp_path: Path
) -> None:
    store = make_store(tiny=local_model(tmp_path / "weights"))
    path = store.prepare("tiny").path
    wrong = FLAT_MODEL["model.safetensors"].replace(b"weights", b"weightz")
    replace(path / "model.safetensors", wrong)
    diary = Diary(tmp_path / "diary")
    store.reporter = diary

    store.prepare("tiny")
    assert (path / "model.safetensors").read_bytes() == wrong  # a look at names and sizes does not see it
    store.prepare("tiny", verify=True)

    assert "model.safetensors: wrong sha256" in diary.lines()
    assert (path / "model.safetensors").read_bytes() == FLAT_MODEL["model.safetensors"]
    assert (store.verify("tiny"), debris(tmp_path)) == ([], [])


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda path: replace(path / "config.json", b"short"), ("config.json", "wrong size")),
        (lambda path: (path / "config.json").unlink(), ("config.json", "missing")),
        (lambda path: replace(path / "pubserve-manifest.json", b"{"), (None, "unreadable manifest")),
    ],
)
def test_what_does_not_fit_the_manifest_is_rebuilt(
    make_store: MakeStore, tmp_path: Path, spoil: object, problem: tuple[str | None, str]
) -> None:
    store = make_store(tiny=local_model(tmp_path / "weights"))
    path = store.prepare("tiny").path
    assert callable(spoil)
    spoil(path)

    [damage] = store.verify("tiny")
    assert (problem[0] or path.name, problem[1]) == (damage.file, damage.problem)
    assert store.state("tiny") == "damaged"
    assert store.prepare("tiny").path == path
    assert (store.state("tiny"), store.verify("tiny"), debris(tmp_path)) == ("ready", [], [])


def test_new_weights_get_a_new_directory_and_prune_removes_the_old(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(tiny=local_model(tmp_path / "weights"))
    old = store.prepare("tiny")
    replace(tmp_path / "weights" / "model.safetensors", b"better weights")

    new = store.prepare("tiny")

    assert new.revision != old.revision
    assert (new.path / "model.safetensors").read_bytes() == b"better weights"
    assert store.prune() == [old.path]
    assert (old.path.exists(), store.state("tiny"), store.prune()) == (False, "ready", [])


def test_the_same_bytes_have_the_same_revision_wherever_they_lie(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(here=local_model(tmp_path / "here"), there=local_model(tmp_path / "there"))

    assert store.revision("here") == store.revision("there")


def test_a_directory_that_is_no_model_is_refused(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(tiny=local_model(tmp_path / "weights", {"config.json": b"{}"}))

    with pytest.raises(ConversionError, match=r"lacks model\.safetensors, tokenizer\.json"):
        store.prepare("tiny")

    assert debris(tmp_path) == []


def test_every_shard_of_the_weights_must_be_there(make_store: MakeStore, tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    files = {**FLAT_MODEL, "model-1.safetensors": b"", "model.safetensors.index.json": json.dumps(index).encode()}

    with pytest.raises(ConversionError, match=r"lacks model-2\.safetensors"):
        make_store(tiny=local_model(tmp_path / "weights", files)).prepare("tiny")


def test_a_missing_local_directory_is_named(make_store: MakeStore) -> None:
    store = make_store(tiny={"license": "MIT", "source": {"kind": "local", "path": "nowhere"}})

    with pytest.raises(WeightsUnavailableError, match=r"no directory .*nowhere"):
        store.prepare("tiny")

    assert store.state("tiny") == "not prepared"


def test_a_model_that_is_not_prepared_has_no_path(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(tiny=local_model(tmp_path / "weights"))

    for ask in (store.path, store.verify):
        with pytest.raises(WeightsUnavailableError, match="not prepared") as caught:
            ask("tiny")
        assert "pubserve-models prepare tiny" in caught.value.hint


def test_a_cache_that_cannot_be_written_is_a_clear_error(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(tiny=local_model(tmp_path / "weights"))
    store.cache_dir.write_text("a file where the directory should be")

    with pytest.raises(StorageError, match="cannot be written") as caught:
        store.prepare("tiny")

    assert "PUBSERVE_CACHE_DIR" in caught.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        Path("/dev/full").write_text("x")

    assert "disk is full" in str(storage_problem(caught.value, tmp_path))
    assert "disk is full" in str(storage_problem(RuntimeError("I/O error: No space left on device"), tmp_path))
    assert storage_problem(OSError(errno.EINVAL, "something else"), tmp_path) is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of two MiB, where the cache of `make_store` is."""
    cache = tmp_path / "cache"
    cache.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={2 * 2**20}", "pubserve-test", str(cache)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here; that takes root")
    yield cache
    subprocess.run(["umount", "--lazy", str(cache)], check=True)


def test_a_disk_that_runs_full_leaves_nothing_half_written_and_room_is_all_it_takes_to_go_on(
    make_store: MakeStore, small_disk: Path, tmp_path: Path
) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(bytes(3 * 2**19))
    weights = {**FLAT_MODEL, "model.safetensors": bytes(2**20)}
    store = make_store(tiny=local_model(tmp_path / "weights", weights))

    with pytest.raises(StorageError, match="disk is full") as caught:
        store.prepare("tiny")

    assert "pubserve-models prune" in caught.value.hint
    assert debris(tmp_path) == []
    assert store.state("tiny") == "not prepared"

    filler.unlink()
    assert store.prepare("tiny").size_bytes == sum(map(len, weights.values()))
    assert store.verify("tiny") == []


def test_a_read_only_cache_that_is_complete_is_enough(make_store: MakeStore, tmp_path: Path) -> None:
    """In an image the models are baked in: finding one takes no lock and writes nothing."""
    store = make_store(tiny=local_model(tmp_path / "weights"))
    store.prepare("tiny")
    for lock in (tmp_path / "cache" / "models").glob(".*"):
        lock.unlink()
    before = {path: path.stat() for path in (tmp_path / "cache").rglob("*")}

    store.prepare("tiny")

    assert {path: path.stat() for path in (tmp_path / "cache").rglob("*")}.keys() == before.keys()
    assert (tmp_path / "cache" / "models").stat().st_mtime_ns == before[tmp_path / "cache" / "models"].st_mtime_ns


def test_a_start_with_everything_ready_loads_no_heavy_library(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(tiny=local_model(tmp_path / "weights"))
    store.prepare("tiny")
    (tmp_path / "catalog.json").write_text(store.catalog.model_dump_json(exclude={"root"}))
    script = f"""
import sys
from pathlib import Path
from serve.model_store import Catalog, ModelStore
store = ModelStore(Path({str(store.cache_dir)!r}), Catalog.load(Path({str(tmp_path / "catalog.json")!r})))
store.prepare("tiny")
heavy = {{"torch", "transformers", "peft", "gguf", "huggingface_hub", "numpy"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True, env=environment())


def test_the_cache_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PUBSERVE_CACHE_DIR", str(tmp_path))
    assert ModelStore().cache_dir == tmp_path

    monkeypatch.delenv("PUBSERVE_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ModelStore().cache_dir == tmp_path / ".cache" / "pubserve"


def replace(path: Path, content: bytes) -> None:
    """Put a new file in the place of `path`; the old one's other names keep its bytes."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    os.replace(fresh, path)
