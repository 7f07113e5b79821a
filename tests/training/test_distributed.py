"""The same run on two workers, on a real Ray cluster of this machine beside whatever else runs on it."""

import math
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

from training.config import TrainingConfig
from training.data.papers import LabelledPaper
from training.data.splits import Parts
from training.distributed import run_distributed
from training.runs import ADAPTER, Run, run


@pytest.fixture(scope="module")
def longer(config: TrainingConfig) -> TrainingConfig:
    return config.model_copy(update={"epochs": 12})


@pytest.fixture(scope="module")
def parts(papers: list[LabelledPaper]) -> Parts:
    return {"train": papers[:20], "dev": papers[20:32], "test": papers[32:]}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("distributed")


@pytest.fixture(scope="module")
def done(longer: TrainingConfig, parts: Parts, run_dir: Path) -> Run:
    """By a process of its own, as from the command line: the one of the tests may be at another cluster."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        return process.submit(run_distributed, longer, parts, run_dir, workers=2).result()


def test_two_workers_share_the_batches_of_an_epoch(done: Run, longer: TrainingConfig, run_dir: Path) -> None:
    alone = 7  # batches of 32 tokens that the papers make: the steps of an epoch for a single worker
    steps = max(int(checkpoint.name.partition("-")[2]) for checkpoint in run_dir.glob("checkpoint-*"))

    assert steps == longer.epochs * math.ceil(alone / 2)


def test_two_workers_train_one_adapter(done: Run, longer: TrainingConfig, run_dir: Path) -> None:
    assert [round(evaluation["epoch"]) for evaluation in done.history] == list(range(1, 13))
    assert tuple(done.test.predicted) == done.test.truth
    base = AutoModelForSequenceClassification.from_pretrained(longer.base, num_labels=2)
    assert PeftModel.from_pretrained(base, run_dir / ADAPTER).peft_config["default"].r == longer.lora.rank


def test_the_record_is_that_of_any_run(done: Run, longer: TrainingConfig, parts: Parts, run_dir: Path) -> None:
    assert run(longer, parts, run_dir) == done
    assert run_distributed(longer, parts, run_dir, workers=2) == done
