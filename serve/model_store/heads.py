"""Classification heads: what an adapter's `head.json` says of the model it was trained on."""

from typing import Any


def truncate(config: Any, layers: int | None) -> Any:
    """A configuration of the lowest `layers` layers of a model; `None` keeps all.

    What a model knows about a text's subject is easiest to read well below its last layer, which is made for
    predicting the next word. Layers above the head cost time and add nothing.
    """
    text = config.get_text_config()
    if layers is None or layers == text.num_hidden_layers:
        return config
    text.num_hidden_layers = layers
    if getattr(text, "layer_types", None):
        text.layer_types = text.layer_types[:layers]
    return config
