"""What is trained on top of a base."""

import pytest

from training.backbone import classifier_head
from training.config import TrainingConfig


@pytest.mark.parametrize(
    ("asked", "model_type", "pooling"),
    [
        ("auto", "bert", "mean"),
        ("auto", "mpnet", "mean"),
        ("auto", "gemma3_text", "own"),
        ("auto", "distilbert", "own"),
        ("own", "bert", "own"),
        ("mean", "bert", "mean"),
    ],
)
def test_encoders_of_sentences_are_read_by_their_mean_unless_told_otherwise(
    asked: str, model_type: str, pooling: str
) -> None:
    config = TrainingConfig.model_validate({"base": "any", "pooling": asked})

    assert classifier_head(config, model_type).pooling == pooling
