"""Real parts, small: wheels that pip downloads, models that transformers loads, adapters that PEFT trains on."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from serve.model_store import Catalog, ModelStore

REPO_ROOT = Path(__file__).resolve().parents[3]
WORDS = ["tumour", "lung", "breast", "cancer", "patients", "study", "of", "the", "in", "cells", "gene", "risk"]

Files = Mapping[str, bytes]
FLAT_MODEL: Files = {
    "config.json": b'{"model_type": "llama"}',
    "model.safetensors": b"weights" * 100,
    "tokenizer.json": b"{}",
}
"""What the store asks of a directory; enough where nothing is converted."""


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place pip looks in: no index, no configuration of the user's."""
    place = tmp_path / "wheelhouse"
    place.mkdir()
    for variable in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place))
    return place


def write_wheel(place: Path, package: str, members: Files, version: str = "1.0") -> None:
    """A wheel pip accepts; its one module fails on import, for nothing may import it."""
    module = package.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(place / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{module}/__init__.py", "raise RuntimeError('imported')")
        for name, content in members.items():
            wheel.writestr(f"{module}/{name}", content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def pypi_file(name: str, content: bytes, *parts: tuple[str, str]) -> dict[str, Any]:
    """A catalogue's file entry; each part is (package, member)."""
    members = [{"package": p, "version": "1.0", "member": f"{p.replace('-', '_')}/{m}"} for p, m in parts]
    return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "parts": members}


def zipped(files: Files, folder: str) -> bytes:
    """A zip archive of `files`, all below one folder."""
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{folder}/{name}", content)
    return buffer.getvalue()


def pypi_model(place: Path, package: str = "tiny-model", files: Files = FLAT_MODEL) -> dict[str, Any]:
    """Publish a model as one wheel; returns its catalogue entry."""
    write_wheel(place, package, files)
    return {
        "license": "MIT",
        "source": {"kind": "pypi", "files": [pypi_file(n, c, (package, n)) for n, c in files.items()]},
    }


def local_model(directory: Path, files: Files = FLAT_MODEL) -> dict[str, Any]:
    """A model in a directory of the user's; returns its catalogue entry."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return {"license": "MIT", "source": {"kind": "local", "path": str(directory)}}


MakeStore = Callable[..., ModelStore]


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """A store on an empty cache, for the entries given as keyword arguments; `reporter` is handed on."""

    def make(reporter: Any = None, **models: dict[str, Any]) -> ModelStore:
        catalog = Catalog.model_validate({"models": models, "root": tmp_path})
        return ModelStore(tmp_path / "cache", catalog, reporter)

    return make


VOCABULARY = {word: number for number, word in enumerate(["<pad>", "<unk>", "<eos>", *WORDS])}


def save_word_tokenizer(directory: Path) -> None:
    """Write a tokenizer of whole words, as transformers loads it, into a model's directory."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel(VOCABULARY, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", eos_token="<eos>")
    tokenizer.save_pretrained(directory)


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformers directory: a Llama of some 20,000 random float32 weights with a word tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    directory = tmp_path_factory.mktemp("tiny-llama")
    save_word_tokenizer(directory)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        pad_token_id=0,
        eos_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformers directory: a BERT encoder of random float32 weights, as published for sentence vectors."""
    import torch
    from transformers import BertConfig, BertModel

    directory = tmp_path_factory.mktemp("tiny-bert")
    save_word_tokenizer(directory)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=64,
        pad_token_id=0,
    )
    BertModel(config).save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def tiny_distilbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformers directory: a DistilBERT of random weights; its classification head has two layers."""
    import torch
    from transformers import DistilBertConfig, DistilBertModel

    directory = tmp_path_factory.mktemp("tiny-distilbert")
    save_word_tokenizer(directory)
    torch.manual_seed(0)
    config = DistilBertConfig(
        vocab_size=len(VOCABULARY), dim=32, hidden_dim=64, n_layers=2, n_heads=4, max_position_embeddings=64
    )
    DistilBertModel(config).save_pretrained(directory)
    return directory


def environment(**extra: str) -> dict[str, str]:
    """This process's environment for a child that imports the application."""
    path = os.pathsep.join([str(REPO_ROOT / "client"), str(REPO_ROOT)])
    return {**os.environ, "PYTHONPATH": path, **extra}


def debris(tmp_path: Path) -> list[Path]:
    """What a build has left in the cache beside finished models and locks."""
    hidden = (path for path in (tmp_path / "cache" / "models").iterdir() if path.name.startswith("."))
    return [path for path in hidden if path.suffix != ".lock"]
