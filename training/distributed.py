"""The same fine-tuning on several workers, with Ray Train: one process per CPU slice or GPU, gradients averaged."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ray.train import RunConfig, ScalingConfig
from ray.train.huggingface.transformers import RayTrainReportCallback, prepare_trainer
from ray.train.torch import TorchTrainer

from training.config import TrainingConfig
from training.data import LabelledPaper
from training.export import export_adapter
from training.finetune import fine_tune
from training.runs import ADAPTER, calibrate


def fine_tune_distributed(
    config: TrainingConfig,
    train: Sequence[LabelledPaper],
    dev: Sequence[LabelledPaper],
    run_dir: Path,
    *,
    workers: int,
    use_gpu: bool = False,
) -> dict[str, Any]:
    """Train with `workers` processes of a running Ray cluster; the adapter is left in `run_dir/adapter`.

    Every step takes `workers` batches, so that a run has fewer, larger steps than with one process. `run_dir` must be
    a directory that all nodes share. Gives the figures of the last evaluation.
    """
    result = TorchTrainer(
        _work,
        train_loop_config={"config": config, "train": train, "dev": dev, "run_dir": run_dir},
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=use_gpu),
        run_config=RunConfig(name="ray", storage_path=str(run_dir.resolve())),
    ).fit()
    return dict(result.metrics or {})


def _work(job: dict[str, Any]) -> None:
    from ray.train import get_context

    config, dev = job["config"], job["dev"]
    run_dir: Path = job["run_dir"]
    tuned = fine_tune(
        config,
        job["train"],
        dev,
        run_dir / "checkpoints",
        callbacks=[RayTrainReportCallback()],
        prepare=prepare_trainer,
    )
    if get_context().get_world_rank() == 0:
        calibration, _ = calibrate(tuned.logits(dev), dev, seed=config.seed)
        export_adapter(tuned, calibration, run_dir / ADAPTER)
