"""The arguments of the Trainer."""

from pathlib import Path

from training.config import TrainingConfig
from training.schedule import Best, trainer_arguments


def test_bfloat16_is_taken_where_there_is_no_accelerator_too(config: TrainingConfig, tmp_path: Path) -> None:
    half = config.model_copy(update={"precision": "bfloat16"})

    arguments = trainer_arguments(half, tmp_path, batches=3, best=Best("eval_loss", greater=False))

    assert arguments.bf16
