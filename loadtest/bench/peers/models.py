"""The weights that the peers share with this service, loaded with plain transformers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loadtest.engine_sweep.sweep import prompts_of
from serve.extractor.prompt import answer_schema
from serve.hardware import resolve_dtype
from serve.model_store import ModelStore
from serve.settings import Settings
from serve.text.document import Document

MAX_TOKENS = 512
"""MiniLM has positions for so many; the plain peers cut what is longer, where the service reads on."""


def settings() -> Settings:
    return Settings(profile="cpu")


def dtype(requested: str = "auto") -> Any:
    import torch

    return getattr(torch, resolve_dtype(requested))


def classifier() -> tuple[Any, Any]:
    """Network and tokenizer of the classifier."""
    from serve.model_store.sequence_classifiers import load_sequence_classifier

    path = ModelStore().prepare(settings().classifier.model).path
    return load_sequence_classifier(path, dtype=dtype()).eval(), _tokenizer(path)


def tagger() -> tuple[Any, Any]:
    """Network and tokenizer of the tagger."""
    from serve.model_store.token_classifiers import load_token_classifier

    path = ModelStore().prepare(tagger_settings().model).path
    return load_token_classifier(path, dtype=dtype()).eval(), _tokenizer(path)


def generator() -> tuple[Any, Any]:
    """Network and tokenizer of the model behind the engine."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = ModelStore().prepare(settings().extractor.model).path
    return AutoModelForCausalLM.from_pretrained(path, dtype=dtype()).eval(), AutoTokenizer.from_pretrained(path)


def tagger_settings() -> Any:
    found = settings().extractor.tagger
    assert found is not None  # the cpu profile has one
    return found


def prompts(title: str, abstract: str) -> list[str]:
    """What the engine is asked about one paper."""
    return prompts_of(Document(title, abstract), max_unit_chars=settings().extractor.max_unit_chars)


def schema() -> dict[str, Any]:
    """What the engine's answers keep to."""
    extractor = settings().extractor
    return answer_schema(max_items=extractor.max_items, max_item_chars=extractor.max_item_chars)


def labels(network: Any, scores: Sequence[float]) -> dict[str, float]:
    return {network.config.id2label[place]: score for place, score in enumerate(scores)}


def _tokenizer(path: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(path, model_max_length=MAX_TOKENS)
