"""Bases small enough to be trained in a test, of each family that is trained for real."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    Phi3Config,
    Phi3ForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    TrainerCallback,
)

from training.config import LoraSettings, TrainingConfig
from training.data.papers import LabelledPaper

WORDS = ["?", "asthma", "cancer", "cells", "gout", "in", "of", "patients", "risk", "the", "trial", "tumour"]
LAYERS = 3


def tiny_model(family: str, words: int) -> PreTrainedModel:
    common = {
        "vocab_size": words,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "max_position_embeddings": 128,
        "pad_token_id": 0,
    }
    torch.manual_seed(0)
    if family == "bert":
        return BertForSequenceClassification(BertConfig(**common))
    decoder = {**common, "num_key_value_heads": 2, "bos_token_id": None, "eos_token_id": 2}
    if family == "gemma":
        return Gemma3ForCausalLM(Gemma3TextConfig(**decoder, head_dim=8))
    return Phi3ForCausalLM(Phi3Config(**decoder))


def save_tokenizer(directory: Path, words: Sequence[str]) -> int:
    """A tokenizer of whole words, and how many it knows. A text ends with `<eos>`, and begins with nothing."""
    vocabulary = {word: number for number, word in enumerate(["<pad>", "<unk>", "<eos>", *words])}
    known = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    known.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=known, pad_token="<pad>", unk_token="<unk>", eos_token="<eos>"
    ).save_pretrained(directory)
    return len(vocabulary)


def save_base(directory: Path, family: str) -> Path:
    """A transformers directory with random weights and a tokenizer of whole words."""
    tiny_model(family, save_tokenizer(directory, WORDS)).save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrainingConfig:
    """Trains two of three layers of a tiny Gemma, in a few seconds."""
    return TrainingConfig(
        base=str(save_base(tmp_path_factory.mktemp("gemma"), "gemma")),
        lora=LoraSettings(rank=4, alpha=8, dropout=0, first_layer=1),
        epochs=3,
        learning_rate=1e-2,
        batch_tokens=32,
        max_tokens=32,
        precision="float32",  # the same numbers on every machine
        patience=None,
    )


@pytest.fixture(scope="session")
def papers() -> list[LabelledPaper]:
    """Papers of two to twenty words. Those about cancer say so, once."""
    found = []
    for number in range(40):
        label = ("Cancer", "Non-Cancer")[number % 2]
        subject = ("tumour", "cancer") if label == "Cancer" else ("gout", "asthma")
        filler = [WORDS[(number * 5 + place * 7) % len(WORDS)] for place in range(number % 17)]
        neutral = [word for word in filler if word not in ("tumour", "cancer", "gout", "asthma")]
        found.append(
            LabelledPaper(
                id=str(number), title=f"risk of {subject[number // 2 % 2]}", abstract=" ".join(neutral), label=label
            )
        )
    return found


class KilledAt(TrainerCallback):
    """The machine goes down in the middle of an epoch."""

    def __init__(self, epoch: float) -> None:
        self.epoch = epoch

    def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        if state.epoch > self.epoch:
            raise KeyboardInterrupt
