"""The same fine-tuning on two workers, with a real Ray cluster of this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

from serve.classifier.calibration import Calibration
from training.backbone import load_tokenizer
from training.batches import TokenBatches
from training.config import TrainingConfig
from training.data.papers import LabelledPaper
from training.distributed import fine_tune_distributed
from training.finetune import score
from training.runs import ADAPTER


@pytest.fixture
def two_cpus() -> Iterator[None]:
    ray.init(num_cpus=3, object_store_memory=100_000_000, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.mark.usefixtures("two_cpus")
def test_two_workers_train_one_adapter(config: TrainingConfig, papers: list[LabelledPaper], tmp_path: Path) -> None:
    longer = config.model_copy(update={"epochs": 6, "probe_first": True})

    figures = fine_tune_distributed(longer, papers[:30], papers[30:], tmp_path, workers=2)

    assert figures["epoch"] == 6
    assert Calibration.load(tmp_path / ADAPTER).categories.keys() == {"Cancer", "Non-Cancer"}
    base = AutoModelForSequenceClassification.from_pretrained(config.base, num_labels=2)
    model = PeftModel.from_pretrained(base, tmp_path / ADAPTER)
    held_out = TokenBatches(
        papers[30:], load_tokenizer(Path(config.base)), config.input, max_tokens=config.max_tokens, batch_tokens=64
    )
    assert torch.equal(score(model, held_out)[:, 0] > 0, held_out.targets[:, 0] > 0.5)
