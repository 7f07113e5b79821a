"""What an adapter for classification says of the model it was trained on: its labels, and how many layers it keeps."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from serve.model_store.errors import AdapterError

HEAD_FILE = "head.json"
Pooling = Literal["own", "mean"]


class Head(BaseModel):
    """The content of `head.json`.

    What a language model knows of a text's subject is easiest to read well below its last layer, which is made for
    predicting the next word. Layers above `layers` would cost time and add nothing, so they are dropped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    """Names of the scores, in their order."""
    layers: PositiveInt | None = None
    """How many of the base's layers are kept, from the lowest; None: all."""
    bidirectional: bool = False
    """Whether the mask of a decoder is lifted, so that a token sees what follows it."""
    pooling: Pooling = "own"
    """What of a text is classified: `own`, the token that transformers takes for this kind of model, or the `mean`."""

    @classmethod
    def load(cls, adapter: Path) -> "Head":
        """Raises `AdapterError`, naming the file, where it is missing or malformed."""
        path = adapter / HEAD_FILE
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise AdapterError(
                f"{path} cannot be read: {error}.", 'It must hold {"labels": ["first", "second", ...], "layers": null}.'
            ) from error

    def save(self, adapter: Path) -> None:
        (adapter / HEAD_FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def configure(self, config: Any) -> Any:
        """The base's configuration, changed to what this head sits on."""
        text = config.get_text_config()
        if self.layers is not None:
            text.num_hidden_layers = self.layers
            if getattr(text, "layer_types", None):
                text.layer_types = text.layer_types[: self.layers]
        config.id2label = dict(enumerate(self.labels))
        config.label2id = {label: index for index, label in enumerate(self.labels)}
        config.problem_type = "multi_label_classification"
        if self.pooling != "own":
            config.pooling = self.pooling
        if self.bidirectional:
            from serve.model_store.token_classifiers import without_mask

            without_mask(config)
        return config
