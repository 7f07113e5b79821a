"""Classifiers of the mean over a text's tokens: the same before and after saving, whatever the padding."""

from pathlib import Path

import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModel,
    BertConfig,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    MPNetConfig,
    MPNetModel,
)

from serve.model_store import AdapterError
from serve.model_store.heads import Head
from serve.model_store.sequence_classifiers import load_sequence_classifier

LABELS = ("Cancer", "Non-Cancer")
COMMON = {
    "vocab_size": 40,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "pad_token_id": 1,
}
TEXT = torch.arange(3, 12)[None]


@pytest.fixture(params=["bert", "mpnet"])
def encoder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = BertModel(BertConfig(**COMMON)) if request.param == "bert" else MPNetModel(MPNetConfig(**COMMON))
    model.save_pretrained(tmp_path / "encoder")
    return tmp_path / "encoder"


def averaging(base: Path, target: Path) -> torch.nn.Module:
    """The base under a new head, saved and loaded again as serving does."""
    config = Head(labels=LABELS, pooling="mean").configure(AutoConfig.from_pretrained(base))
    load_sequence_classifier(base, config=config).save_pretrained(target)
    network: torch.nn.Module = load_sequence_classifier(target).eval()
    return network


@torch.inference_mode()
def test_the_scores_are_a_linear_map_of_the_mean_of_what_the_encoder_makes_of_the_tokens(
    encoder: Path, tmp_path: Path
) -> None:
    network = averaging(encoder, tmp_path / "classifier")
    states = network.base_model.eval()(input_ids=TEXT).last_hidden_state

    scores = network(input_ids=TEXT, attention_mask=torch.ones_like(TEXT)).logits

    torch.testing.assert_close(scores, network.classifier(states.mean(dim=1)))
    assert [network.config.id2label[n] for n in range(2)] == list(LABELS)


@torch.inference_mode()
def test_the_weights_of_the_base_are_kept(encoder: Path, tmp_path: Path) -> None:
    base = AutoModel.from_pretrained(encoder)
    network = averaging(encoder, tmp_path / "classifier")

    torch.testing.assert_close(
        network.base_model(input_ids=TEXT).last_hidden_state, base.eval()(input_ids=TEXT).last_hidden_state
    )


@torch.inference_mode()
def test_padding_changes_nothing(encoder: Path, tmp_path: Path) -> None:
    network = averaging(encoder, tmp_path / "classifier")
    padded = torch.cat([TEXT, torch.full((1, 5), COMMON["pad_token_id"])], dim=1)
    mask = (torch.arange(padded.shape[1]) < TEXT.shape[1]).long()[None]

    torch.testing.assert_close(
        network(input_ids=padded, attention_mask=mask).logits,
        network(input_ids=TEXT, attention_mask=torch.ones_like(TEXT)).logits,
        rtol=1e-4,
        atol=1e-5,
    )


def test_a_decoder_is_refused_with_the_bases_that_can(tmp_path: Path) -> None:
    decoder = {**COMMON, "num_key_value_heads": 2}
    LlamaForCausalLM(LlamaConfig(**decoder)).save_pretrained(tmp_path)
    config = Head(labels=LABELS, pooling="mean").configure(AutoConfig.from_pretrained(tmp_path))

    with pytest.raises(AdapterError, match="a llama model cannot average") as refused:
        load_sequence_classifier(tmp_path, config=config)
    assert "bert or mpnet" in refused.value.hint
