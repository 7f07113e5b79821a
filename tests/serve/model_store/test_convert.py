"""A GGUF file becomes an ordinary transformers directory."""

from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from serve.model_store import ConversionError

from .conftest import MakeStore, pypi_file, write_wheel

WIDTH, INNER, LAYERS, HEADS = 32, 64, 2, 4
TOKENS = ["<unk>", "<s>", "</s>", *"abcdefghijklmnopqrstuvwxyz", "ab", "Ġ", "Ġab"]
MERGES = ["a b", "Ġ ab"]


def write_gguf(file: Path) -> dict[str, np.ndarray]:
    """A Llama of random weights with a byte-pair tokenizer. Returns its tensors by GGUF name."""
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_name("tiny")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([gguf.TokenType.NORMAL] * len(TOKENS))
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    random = np.random.default_rng(0)
    shapes = {"token_embd.weight": (len(TOKENS), WIDTH), "output_norm.weight": (WIDTH,)}
    for layer in range(LAYERS):
        shapes |= {f"blk.{layer}.attn_{part}.weight": (WIDTH, WIDTH) for part in ("q", "k", "v", "output")}
        shapes |= {f"blk.{layer}.ffn_{part}.weight": (INNER, WIDTH) for part in ("gate", "up")}
        shapes |= {f"blk.{layer}.ffn_down.weight": (WIDTH, INNER)}
        shapes |= {f"blk.{layer}.{part}_norm.weight": (WIDTH,) for part in ("attn", "ffn")}
    tensors = {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tensors


def test_a_gguf_in_a_package_becomes_a_model_that_transformers_loads(
    wheelhouse: Path, make_store: MakeStore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tensors = write_gguf(tmp_path / "tiny.gguf")
    content = (tmp_path / "tiny.gguf").read_bytes()
    write_wheel(wheelhouse, "tiny-gguf", {"tiny.gguf": content})
    source = {"kind": "pypi", "files": [pypi_file("tiny.gguf", content, ("tiny-gguf", "tiny.gguf"))]}

    prepared = make_store(tiny={"license": "MIT", "format": "gguf", "source": source}).prepare("tiny")

    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
    model = AutoModelForCausalLM.from_pretrained(prepared.path)
    assert model.dtype == torch.bfloat16
    assert model.config.num_hidden_layers == LAYERS
    down = torch.from_numpy(tensors["blk.1.ffn_down.weight"]).to(torch.bfloat16)
    assert torch.equal(model.model.layers[1].mlp.down_proj.weight, down)
    tokenizer = AutoTokenizer.from_pretrained(prepared.path)
    assert tokenizer.tokenize("ab abc") == ["ab", "Ġab", "c"]
    assert not list(prepared.path.glob("*.gguf"))


def test_a_file_that_is_no_gguf_is_a_clear_error(make_store: MakeStore, tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "model.gguf").write_bytes(b"not a model" * 100)
    entry = {"license": "MIT", "format": "gguf", "source": {"kind": "local", "path": "weights"}}

    with pytest.raises(ConversionError, match=r"Failed converting model\.gguf"):
        make_store(tiny=entry).prepare("tiny")


def test_one_gguf_is_expected(make_store: MakeStore, tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    entry = {"license": "MIT", "format": "gguf", "source": {"kind": "local", "path": "weights"}}

    with pytest.raises(ConversionError, match=r"one \.gguf file, found 0"):
        make_store(tiny=entry).prepare("tiny")


def test_what_is_changed_in_other_libraries_is_put_back(make_store: MakeStore, tmp_path: Path) -> None:
    from tqdm.std import tqdm  # type: ignore[import-untyped]

    before = (gguf.GGUFReader, gguf.get_tensor_name_map, tqdm.__init__)
    test_a_file_that_is_no_gguf_is_a_clear_error(make_store, tmp_path)

    assert (gguf.GGUFReader, gguf.get_tensor_name_map, tqdm.__init__) == before
