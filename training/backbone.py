"""The model that is trained: any base of the catalogue, a head for its task, and LoRA in its upper layers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

from serve.extractor.tagging import TAGS
from serve.hardware import resolve_dtype
from serve.model_store import ModelStore
from serve.model_store.heads import Head, Pooling
from serve.model_store.sequence_classifiers import MEAN_POOLED, load_sequence_classifier
from serve.model_store.token_classifiers import load_token_classifier
from serve.model_store.trust import DATA_ONLY, SAFETENSORS_ONLY
from training.config import FineTuning, GeneratorConfig, InvalidConfig, TaggerConfig, TrainingConfig
from training.data import LABELS
from training.frozen_prefix import FrozenPrefix, Remembered, find_layers


def base_directory(base: str) -> Path:
    """Where a base lies: a transformers directory is itself, any other name is fetched from the model catalogue.

    Raises:
        ModelStoreError: the catalogue does not know it, or it cannot be had.
    """
    return Path(base) if Path(base).is_dir() else ModelStore().prepare(base).path


def load_tokenizer(base_dir: Path) -> Any:
    """The tokenizer of a base, padding on the right; one that cannot pad gets its end-of-text token for it."""
    tokenizer = AutoTokenizer.from_pretrained(base_dir, padding_side="right", **DATA_ONLY)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_backbone(
    base_dir: Path, config: TrainingConfig, *, pad_token_id: int, remembered: Remembered | None = None
) -> Any:
    """A classifier over the base: `forward(input_ids, attention_mask)` gives logits of shape (rows, categories).

    `remembered` is what another run, of the same base and first adapted layer, knows of the frozen layers.

    Raises:
        InvalidConfig: the configuration asks for layers that the base does not have, or for QLoRA without a GPU.
    """
    head = classifier_head(config, AutoConfig.from_pretrained(base_dir, **DATA_ONLY).model_type)
    model = _adapted(load_sequence_classifier, "SEQ_CLS", head, base_dir, config, pad_token_id)
    FrozenPrefix(model, config.lora.first_layer, remembered)
    return model


def classifier_head(config: TrainingConfig, model_type: str) -> Head:
    """What is trained on top of the base, as serving has to know it.

    Args:
        model_type: of the base, in the words of transformers: `bert`, `gemma3_text` …
    """
    pooling: Pooling = "mean" if model_type in MEAN_POOLED else "own"
    return Head(labels=LABELS, layers=config.layers, pooling=pooling if config.pooling == "auto" else config.pooling)


def load_tagger(base_dir: Path, config: TaggerConfig, *, pad_token_id: int) -> Any:
    """A tagger over the base: `forward(input_ids, attention_mask)` gives logits of shape (rows, tokens, tags).

    Raises:
        InvalidConfig: as for `load_backbone`.
    """
    head = tagger_head(config)
    model = _adapted(load_token_classifier, "TOKEN_CLS", head, base_dir, config, pad_token_id)
    FrozenPrefix(model, config.lora.first_layer)
    return model


def tagger_head(config: TaggerConfig) -> Head:
    """What is trained on top of the base, as serving has to know it."""
    return Head(labels=TAGS, layers=config.layers, bidirectional=config.bidirectional)


def load_generator(base_dir: Path, config: GeneratorConfig) -> Any:
    """The base as it is, a model of language, with LoRA in its layers.

    Its frozen weights are held in the type of the arithmetic, as the engine holds them: nothing is cast in each step.

    Raises:
        InvalidConfig: as for `load_backbone`.
    """
    backbone = AutoModelForCausalLM.from_pretrained(
        base_dir, dtype=resolve_dtype(config.precision), **SAFETENSORS_ONLY, **_quantization(config)
    )
    model = _with_lora(backbone, "CAUSAL_LM", config)
    FrozenPrefix(model.get_base_model().base_model, config.lora.first_layer)
    return model


def _adapted(
    load: Callable[..., Any], task_type: str, head: Head, base_dir: Path, config: FineTuning, pad_token_id: int
) -> Any:
    """The base under a new head, with LoRA in its layers from the first adapted one on."""
    settings = head.configure(AutoConfig.from_pretrained(base_dir, **DATA_ONLY))
    settings.pad_token_id = pad_token_id
    return _with_lora(load(base_dir, config=settings, dtype=torch.float32, **_quantization(config)), task_type, config)


def _with_lora(backbone: Any, task_type: str, config: FineTuning) -> Any:
    """LoRA in the layers of a model from the first adapted one on."""
    depth = backbone.config.get_text_config().num_hidden_layers
    if config.lora.first_layer >= depth:
        raise InvalidConfig(f"lora.first_layer: {config.base} has layers 0 to {depth - 1}")
    if config.quantization != "none":
        backbone = prepare_model_for_kbit_training(backbone)
    for part in backbone.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = config.lora.dropout  # an encoder brings its own, which takes a third of a step on a CPU
    lora = LoraConfig(
        task_type=task_type,
        r=config.lora.rank,
        lora_alpha=config.lora.alpha,
        lora_dropout=config.lora.dropout,
        target_modules=_projections(backbone),
        layers_to_transform=list(range(config.lora.first_layer, depth)),
    )
    return get_peft_model(backbone, lora)


def _projections(backbone: torch.nn.Module) -> list[str]:
    """Names of the linear maps inside a layer: `q_proj`, `down_proj` … or `query`, `dense` …"""
    top = find_layers(backbone)[-1]
    return sorted({name.rpartition(".")[2] for name, part in top.named_modules() if isinstance(part, torch.nn.Linear)})


def _quantization(config: FineTuning) -> dict[str, Any]:
    if config.quantization == "none":
        return {}
    if not torch.cuda.is_available():
        raise InvalidConfig("quantization: nf4 needs a GPU; use none on this machine")
    return {
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
    }
