"""Token classifiers that transformers does not have, and decoders that read a text in both directions.

A decoder sees of a word only what stands before it. To tag words, what follows matters as much, so the mask that hides
it is lifted; the weights then learn to use what they see.
"""

from typing import Any

from transformers import AutoModelForTokenClassification, Gemma3TextConfig
from transformers.modeling_layers import GenericForTokenClassification
from transformers.models.gemma3.modeling_gemma3 import Gemma3PreTrainedModel

from serve.model_store.trust import SAFETENSORS_ONLY

_WIDE_WINDOW_TOKENS = 65_536
"""Gemma halves its local window whenever it reads a configuration without a mask; wide enough, it never matters."""


class Gemma3TextForTokenClassification(GenericForTokenClassification, Gemma3PreTrainedModel):
    """A score per tag for every token, as transformers has it for Gemma 2."""

    config: Gemma3TextConfig


AutoModelForTokenClassification.register(Gemma3TextConfig, Gemma3TextForTokenClassification, exist_ok=True)


def without_mask(config: Any) -> Any:
    """The configuration of a decoder, changed so that every token sees all others; an encoder's is left as it is."""
    text = config.get_text_config()
    text.is_causal = False
    if hasattr(text, "use_bidirectional_attention"):
        text.use_bidirectional_attention = True
        text.sliding_window = _WIDE_WINDOW_TOKENS
    return config


def load_token_classifier(directory: Any, **options: Any) -> Any:
    """A token classifier; without its mask, if its configuration says so. `options` are those of transformers.

    Where nothing is padded, attention asks the layer and not the configuration whether it is causal.
    """
    loaded: Any = AutoModelForTokenClassification.from_pretrained(directory, **{**SAFETENSORS_ONLY, **options})
    network = loaded[0] if options.get("output_loading_info") else loaded
    if not getattr(network.config.get_text_config(), "is_causal", True):
        for part in network.modules():
            if hasattr(part, "is_causal"):
                part.is_causal = False
    return loaded
