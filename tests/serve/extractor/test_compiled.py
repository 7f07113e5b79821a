"""Code that a compiler left half written is removed; what is whole, or being written, is left."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.compiled import caches, is_whole, remove_broken

COMPILES = "import torch; print(torch.compile(lambda x: x.sin().relu() + 1)(torch.ones(64)).sum().item())"


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A library, fresh from the compiler that engines use."""
    library = tmp_path_factory.mktemp("compiled") / "one.so"
    subprocess.run(["g++", "-shared", "-fPIC", "-x", "c++", "-", "-o", library], input=b"int one = 1;", check=True)
    return library.read_bytes()


@pytest.fixture
def cut(tmp_path: Path, code: bytes) -> Path:
    """Half a library, where torch would have it."""
    library = tmp_path / "ab" / "abkey.main.so"
    library.parent.mkdir()
    library.write_bytes(code[: len(code) // 2])
    return library


@given(share=st.floats(0, 1))
def test_a_library_is_whole_only_at_its_full_length(
    tmp_path_factory: pytest.TempPathFactory, code: bytes, share: float
) -> None:
    library, length = tmp_path_factory.mktemp("cut") / "some.so", int(share * len(code))
    library.write_bytes(code[:length])

    assert is_whole(library) == (length == len(code))


def test_what_is_cut_short_is_removed_and_the_rest_is_left(tmp_path: Path, code: bytes, cut: Path) -> None:
    whole, source = cut.with_name("abother.main.so"), cut.with_name("abkey.main.cpp")
    whole.write_bytes(code)
    source.write_text("int main() {}")

    assert remove_broken([tmp_path, tmp_path / "there is no such folder"]) == [cut]
    assert not cut.exists()
    assert whole.exists()
    assert source.exists()


def test_what_another_engine_is_compiling_is_left(tmp_path: Path, cut: Path) -> None:
    locks = tmp_path / "locks"
    locks.mkdir()

    with FileLock(locks / "abkey.lock", thread_local=False):
        assert remove_broken([tmp_path]) == []

    assert cut.exists()


def test_torch_dies_of_a_library_cut_short_and_compiles_it_again_once_it_is_gone(tmp_path: Path) -> None:
    def compiles() -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
        return subprocess.run([sys.executable, "-c", COMPILES], env=environment, capture_output=True, text=True)

    first = compiles()
    for library in tmp_path.rglob("*.main.so"):
        os.truncate(library, 40)

    assert "file too short" in compiles().stderr
    assert remove_broken([tmp_path])
    assert compiles().stdout == first.stdout != ""


def test_it_is_looked_for_where_torch_and_vllm_keep_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "torch"))
    monkeypatch.setenv("VLLM_CACHE_ROOT", str(tmp_path / "vllm"))

    assert caches() == [tmp_path / "torch", tmp_path / "vllm"]
