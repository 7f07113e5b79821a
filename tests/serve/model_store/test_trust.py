"""What comes with weights does not run: no pickle is loaded, and no module of theirs is imported."""

import ast
import json
import pickle
import shutil
from pathlib import Path

import pytest
from transformers import AutoConfig, AutoTokenizer

from serve.model_store.errors import ConversionError, UnsafeModelError
from serve.model_store.trust import DATA_ONLY, PICKLES, SAFETENSORS_ONLY

from .conftest import FLAT_MODEL, REPO_ROOT, MakeStore, local_model


class Bomb:
    """Loaded, it writes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (f"open({str(self.trace)!r}, 'w').close()",)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """What is there once something ran that should not."""
    return tmp_path / "it-ran"


def test_the_bomb_would_go_off(trace: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(trace)))

    assert trace.exists()


@pytest.mark.parametrize("suffix", sorted(PICKLES))
def test_a_pickle_is_refused_unopened(suffix: str, trace: Path, tmp_path: Path, make_store: MakeStore) -> None:
    files = {**FLAT_MODEL, f"pytorch_model{suffix}": pickle.dumps(Bomb(trace))}
    store = make_store(tiny=local_model(tmp_path / "source", files))

    with pytest.raises(UnsafeModelError, match=rf"pytorch_model\{suffix}: pickles run code") as caught:
        store.prepare("tiny")

    assert "safetensors" in caught.value.hint
    assert store.find("tiny") is None
    assert not trace.exists()


def test_a_pickle_in_place_of_safetensors_is_refused(trace: Path, tmp_path: Path, make_store: MakeStore) -> None:
    files = {name: content for name, content in FLAT_MODEL.items() if name != "model.safetensors"}
    store = make_store(tiny=local_model(tmp_path / "source", {**files, "PYTORCH_MODEL.BIN": pickle.dumps(Bomb(trace))}))

    with pytest.raises(UnsafeModelError):
        store.prepare("tiny")

    assert not trace.exists()


def test_a_pickle_that_calls_itself_safetensors_is_not_loaded(
    trace: Path, tmp_path: Path, make_store: MakeStore, tiny_llama: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny_llama, base)
    (base / "model.safetensors").write_bytes(pickle.dumps(Bomb(trace)))
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    source = {"license": "MIT", "source": {"kind": "local", "path": str(base)}}
    store = make_store(base=source, tiny={"license": "MIT", "base": "base", "adapter": str(adapter)})

    with pytest.raises(ConversionError):
        store.prepare("tiny")

    assert not trace.exists()


def test_modules_beside_the_weights_are_not_imported(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text(f"open({str(trace)!r}, 'w').close()")
    auto_map = {"AutoConfig": "evil.Config", "AutoTokenizer": ["evil.Tokenizer", None]}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": auto_map}))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"auto_map": auto_map}))

    for auto in (AutoConfig, AutoTokenizer):
        with pytest.raises(ValueError, match="trust_remote_code"):
            auto.from_pretrained(tmp_path, **DATA_ONLY)

    assert not trace.exists()


def test_where_weights_are_loaded_only_safetensors_are() -> None:
    assert SAFETENSORS_ONLY["use_safetensors"] is True
    assert SAFETENSORS_ONLY["trust_remote_code"] is False


@pytest.mark.parametrize("package", ["serve", "training"])
def test_every_loading_says_that_it_takes_data_alone(package: str) -> None:
    """One that does not would ask whoever sits at the terminal. PEFT's adapters are no more than tensors."""
    careless = [
        f"{path.relative_to(REPO_ROOT)}:{call.lineno}"
        for path in (REPO_ROOT / package).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).endswith(".from_pretrained")
        and "PeftModel" not in ast.unparse(call.func)
        and all(keyword.arg is not None for keyword in call.keywords)  # without any `**`
    ]

    assert careless == []
