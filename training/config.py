"""Everything a training run depends on, in one file that can be kept beside its result."""

from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from serve.classifier.input import ClassifierInput
from serve.model_store.heads import Pooling

CONFIGS = Path(__file__).parent / "configs"


class InvalidConfig(ValueError):
    """A configuration that cannot be used. The message names the file, the field and what is allowed."""


class LoraSettings(BaseModel):
    """Which weights are trained. Layers count from 0, the one next to the embeddings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: PositiveInt = 16
    alpha: PositiveInt = 32
    dropout: float = Field(default=0.05, ge=0, lt=1, description="Of the adapter, and of the base under it.")
    first_layer: int = Field(
        default=0, ge=0, description="Layers below are neither changed nor differentiated through, and run once a text."
    )


class FineTuning(BaseModel):
    """What every training run says, whatever it trains. The defaults suit a decoder of a few hundred million parameters
    on a CPU."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = Field(description="Base model: its name in the model catalogue, or a transformers directory.")
    layers: PositiveInt | None = Field(default=None, description="Keep this many layers from the lowest; null: all.")
    lora: LoraSettings = LoraSettings()

    epochs: PositiveInt = 5
    evaluations_per_epoch: PositiveInt = 1
    patience: PositiveInt | None = Field(
        default=3, description="Stop after this many evaluations that are no better than the best; null: never."
    )
    learning_rate: PositiveFloat = 5e-4
    warmup_share: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0)
    max_tokens: PositiveInt = Field(default=512, description="Longer papers are cut there.")
    batch_tokens: PositiveInt = Field(default=2048, description="Rows times longest row of one forward pass.")
    accumulation_steps: PositiveInt = Field(default=1, description="Forward passes to one optimiser step.")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="Of the arithmetic; trained weights are kept in float32. auto: the faster here."
    )
    quantization: Literal["none", "nf4"] = Field(default="none", description="nf4: QLoRA, on a GPU with bitsandbytes.")
    seed: int = 17

    @model_validator(mode="after")
    def _some_layer_is_adapted(self) -> Self:
        if self.layers is not None and self.lora.first_layer >= self.layers:
            raise ValueError(f"lora.first_layer must be below layers ({self.layers}), or nothing is trained")
        return self

    @classmethod
    def load(cls, path: Path, **overrides: Any) -> Self:
        """Read a YAML file; `overrides` replace top-level fields, those that are None excepted.

        Raises:
            InvalidConfig: naming the file, the field and what is wrong with it.
        """
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InvalidConfig(f"{path}: {error}") from error
        if not isinstance(given, dict):
            raise InvalidConfig(f"{path}: expected `field: value` lines, such as `base: gemma-3-270m`")
        try:
            return cls.model_validate(given | {name: value for name, value in overrides.items() if value is not None})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"])) or "the file as a whole"
            raise InvalidConfig(f"{path}: {field}: {first['msg']}") from error


class TrainingConfig(FineTuning):
    """One training of a classifier."""

    input: ClassifierInput = ClassifierInput()
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=0.5, description="How far targets stay from 0 and 1: some labels are wrong."
    )
    class_weights: Literal["balanced", "none"] = "none"
    pooling: Pooling | Literal["auto"] = Field(
        default="auto",
        description="What of a text is classified: the mean over its tokens, or the token that is the base's own; "
        "auto: the mean where the base has a classifier of it.",
    )


class TaggerConfig(FineTuning):
    """One training of a tagger, which marks the words of diseases."""

    bidirectional: bool = Field(
        default=True, description="Lift the mask of a decoder, so that a word is read with what follows it."
    )


class GeneratorConfig(FineTuning):
    """One training of a generator, which writes the names of diseases."""

    instructions: str = Field(
        default="List the diseases named in the text, word for word.",
        description="What stands before every text, in training and in serving. Every text pays for its length.",
    )
    max_unit_chars: PositiveInt = Field(
        default=400, description="Characters of text that one answer is about, in training and in serving."
    )
    share_without: float = Field(
        default=1.0, ge=0, le=1, description="Of the texts that name no disease, how many are trained on."
    )

    @model_validator(mode="after")
    def _no_layer_is_dropped(self) -> Self:
        if self.layers is not None:
            raise ValueError("layers must be null: a generator writes with all of them")
        return self
