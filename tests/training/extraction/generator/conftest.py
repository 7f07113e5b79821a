"""Tiny models of language with a tokenizer of words, quotes and brackets, and papers that they can learn."""

from pathlib import Path

import pytest
import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
)

from tests.training.conftest import save_tokenizer
from tests.training.extraction.conftest import DISEASES, FILLER
from training.config import GeneratorConfig, LoraSettings

INSTRUCTIONS = "List the diseases ."
SIGNS = ('["', '"]', '",', "[]", '"', ":", ".", "Text", "Diseases", "List", "diseases")
WORDS = tuple(dict.fromkeys([*SIGNS, *FILLER, *" ".join(DISEASES).split()]))


def save_base(directory: Path, family: str) -> Path:
    """A transformers directory with random weights."""
    torch.manual_seed(0)
    words = save_tokenizer(directory, WORDS)
    common = {"vocab_size": words, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
              "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128, "pad_token_id": 0,
              "bos_token_id": None, "eos_token_id": 2}  # fmt: skip
    model: PreTrainedModel = (
        Gemma3ForCausalLM(Gemma3TextConfig(**common, head_dim=8))
        if family == "gemma"
        else LlamaForCausalLM(LlamaConfig(**common))
    )
    model.save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> GeneratorConfig:
    """Trains every layer of a tiny Gemma, in a few seconds."""
    return GeneratorConfig(
        base=str(save_base(tmp_path_factory.mktemp("gemma"), "gemma")),
        lora=LoraSettings(rank=32, alpha=64, dropout=0),
        instructions=INSTRUCTIONS,
        epochs=10,
        learning_rate=5e-3,
        batch_tokens=64,
        max_tokens=64,
        patience=None,
        precision="float32",
    )
