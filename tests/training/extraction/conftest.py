"""A tiny encoder, and papers whose diseases a tiny encoder can learn."""

from pathlib import Path

import pytest
import torch
from transformers import (
    BertConfig,
    BertModel,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    Phi3Config,
    Phi3ForCausalLM,
    PreTrainedModel,
)

from tests.serve.extractor.word_pieces import VOCABULARY, word_pieces
from training.config import LoraSettings, TaggerConfig
from training.extraction.corpus import AnnotatedPaper, Annotation

FILLER = ("the", "of", "in", "was", "no")
DISEASES = ("asthma", "lung cancer", "cancer")


def save_base(directory: Path, family: str) -> Path:
    torch.manual_seed(0)
    common = {"vocab_size": len(VOCABULARY), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
              "num_attention_heads": 4, "max_position_embeddings": 128, "pad_token_id": 0}  # fmt: skip
    if family == "gemma":
        model: PreTrainedModel = Gemma3ForCausalLM(Gemma3TextConfig(**common, num_key_value_heads=2, head_dim=8))
    elif family == "phi":
        model = Phi3ForCausalLM(Phi3Config(**common, num_key_value_heads=2, bos_token_id=None, eos_token_id=2))
    else:
        model = BertModel(BertConfig(**common))
    model.save_pretrained(directory)
    word_pieces().save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> TaggerConfig:
    """Trains every layer of a tiny BERT, in a few seconds."""
    return TaggerConfig(
        base=str(save_base(tmp_path_factory.mktemp("encoder"), "bert")),
        lora=LoraSettings(rank=8, alpha=16, dropout=0),
        epochs=10,
        learning_rate=1e-2,
        batch_tokens=64,
        max_tokens=64,
        patience=None,
    )


@pytest.fixture(scope="session")
def papers() -> list[AnnotatedPaper]:
    """Papers of common words and one disease in each field."""
    return [_paper(number) for number in range(40)]


def _paper(number: int) -> AnnotatedPaper:
    title, first = _field(number, "title")
    abstract, second = _field(number + 7, "abstract")
    return AnnotatedPaper(str(number), title, abstract, (first, second))


def _field(number: int, field: str) -> tuple[str, Annotation]:
    words = [FILLER[(number * 3 + place * 2) % len(FILLER)] for place in range(3 + number % 5)]
    disease = DISEASES[number % len(DISEASES)]
    start = len(" ".join(words[:2])) + 1
    text = " ".join([*words[:2], disease, *words[2:]])
    return text, Annotation(field, start, start + len(disease), disease)  # type: ignore[arg-type]
