"""Decoders without their mask: every token sees all others, also after the model was saved and loaded again."""

from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, Gemma3ForCausalLM, Gemma3TextConfig, LlamaConfig, LlamaForCausalLM

from serve.model_store.heads import Head
from serve.model_store.token_classifiers import load_token_classifier

TAGS = ("O", "B", "I")
COMMON = {
    "vocab_size": 40,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
}


def save_base(directory: Path, family: str) -> Path:
    torch.manual_seed(0)
    if family == "gemma":
        layers = ["sliding_attention", "full_attention"]
        config = Gemma3TextConfig(**COMMON, head_dim=8, sliding_window=2, layer_types=layers)
        Gemma3ForCausalLM(config).save_pretrained(directory)
    else:
        LlamaForCausalLM(LlamaConfig(**COMMON)).save_pretrained(directory)
    return directory


def tagger(base: Path, target: Path, *, bidirectional: bool) -> torch.nn.Module:
    """The base under a new head, saved and loaded again as serving does."""
    config = Head(labels=TAGS, bidirectional=bidirectional).configure(AutoConfig.from_pretrained(base))
    load_token_classifier(base, config=config).save_pretrained(target)
    network: torch.nn.Module = load_token_classifier(target).eval()
    return network


@torch.inference_mode()
def first_token_changes(network: torch.nn.Module, *, padded: bool) -> bool:
    """Whether the scores of the first token depend on the last one."""
    ids = torch.tensor([[5, 6, 7, 8, 9, 10, 11], [5, 6, 7, 8, 9, 10, 12]])
    mask = torch.ones_like(ids)
    if padded:
        ids = torch.cat([ids, torch.zeros(2, 2, dtype=torch.long)], dim=1)
        mask = (ids != 0).long()
    logits = network(input_ids=ids, attention_mask=mask).logits
    return not torch.allclose(logits[0, 0], logits[1, 0], atol=1e-6)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("family", ["gemma", "llama"])
def test_without_its_mask_a_decoder_sees_what_follows(tmp_path: Path, family: str, padded: bool) -> None:
    base = save_base(tmp_path / "base", family)

    lifted = tagger(base, tmp_path / "lifted", bidirectional=True)
    kept = tagger(base, tmp_path / "kept", bidirectional=False)

    assert first_token_changes(lifted, padded=padded)
    assert not first_token_changes(kept, padded=padded)


@pytest.mark.parametrize("family", ["gemma", "llama"])
def test_it_tags_alike_before_it_is_saved_and_after(tmp_path: Path, family: str) -> None:
    base = save_base(tmp_path / "base", family)
    config = Head(labels=TAGS, bidirectional=True).configure(AutoConfig.from_pretrained(base))
    before = load_token_classifier(base, config=config).eval()

    before.save_pretrained(tmp_path / "saved")
    after = load_token_classifier(tmp_path / "saved").eval()

    ids = torch.arange(3, 33)[None]
    with torch.inference_mode():
        torch.testing.assert_close(after(input_ids=ids).logits, before(input_ids=ids).logits)
    assert [after.config.id2label[n] for n in range(3)] == list(TAGS)
