"""Text classifiers that average what an encoder makes of all tokens.

Encoders tuned for sentences are trained that way: the mean over the tokens of a text is where they put its meaning,
while the first token, which transformers gives to a classifier, was never trained to hold anything.
"""

from typing import Any

import torch
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertModel,
    BertPreTrainedModel,
    MPNetModel,
    MPNetPreTrainedModel,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from serve.model_store.errors import AdapterError
from serve.model_store.trust import DATA_ONLY, SAFETENSORS_ONLY


class _MeanPooled(PreTrainedModel):
    """One linear map on top of the mean over a text's tokens: `logits` of shape (rows, labels)."""

    def _add_head(self) -> None:
        self.num_labels = self.config.num_labels
        self.classifier = nn.Linear(self.config.hidden_size, self.config.num_labels)
        self.post_init()

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **inputs: Any) -> SequenceClassifierOutput:
        states = self.base_model(input_ids=input_ids, attention_mask=attention_mask, **inputs).last_hidden_state
        own = attention_mask.unsqueeze(-1).to(states)
        return SequenceClassifierOutput(logits=self.classifier((states * own).sum(dim=1) / own.sum(dim=1)))


class MeanPooledBert(_MeanPooled, BertPreTrainedModel):
    """BERT and its kin, such as MiniLM."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self._add_head()


class MeanPooledMPNet(_MeanPooled, MPNetPreTrainedModel):
    """MPNet."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.mpnet = MPNetModel(config, add_pooling_layer=False)
        self._add_head()


MEAN_POOLED: dict[str, type[_MeanPooled]] = {"bert": MeanPooledBert, "mpnet": MeanPooledMPNet}
"""By `model_type`."""


def load_sequence_classifier(directory: Any, **options: Any) -> Any:
    """A text classifier; one that averages, if its configuration says so.

    Raises:
        AdapterError: averaging is asked of a model that has no such classifier here.
    """
    config = options.get("config") or AutoConfig.from_pretrained(directory, **DATA_ONLY)
    options = {**SAFETENSORS_ONLY, **options}
    if getattr(config, "pooling", None) != "mean":
        return AutoModelForSequenceClassification.from_pretrained(directory, **options)
    if config.model_type not in MEAN_POOLED:
        raise AdapterError(
            f"pooling: a {config.model_type} model cannot average over tokens.",
            f"Leave pooling out, or take a base of type {' or '.join(MEAN_POOLED)}.",
        )
    return MEAN_POOLED[config.model_type].from_pretrained(directory, **options)
