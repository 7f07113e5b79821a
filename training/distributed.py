"""The same run on several workers, with Ray Train: one process per CPU slice or GPU, gradients averaged."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.train import RunConfig, ScalingConfig, get_context
from ray.train.huggingface.transformers import RayTrainReportCallback, prepare_trainer
from ray.train.torch import TorchTrainer

from training.config import TrainingConfig
from training.data.splits import Parts
from training.finetune import fine_tune
from training.runs import Run, read_run, run

OBJECT_STORE_BYTES = 100_000_000


def run_distributed(config: TrainingConfig, parts: Parts, run_dir: Path, *, workers: int, use_gpu: bool = False) -> Run:
    """What `training.runs.run` does, by `workers` processes of a Ray cluster.

    Every step takes `workers` batches, so that a run has fewer, larger steps than with one process. `run_dir` must be
    a directory that all nodes share. The cluster is the one of `RAY_ADDRESS`, or one started here for the while.

    Raises:
        InvalidConfig: `run_dir` holds a run of another configuration.
    """
    if done := read_run(config, run_dir):
        return done
    with _cluster(workers):
        TorchTrainer(
            _work,
            train_loop_config={"config": config, "parts": parts, "run_dir": run_dir},
            scaling_config=ScalingConfig(num_workers=workers, use_gpu=use_gpu),
            run_config=RunConfig(name="ray", storage_path=str(run_dir.resolve())),
        ).fit()
    return run(config, parts, run_dir)  # which is done, and read


def _cluster(workers: int) -> Any:
    if os.environ.get("RAY_ADDRESS"):
        return ray.init()
    # "local", for another cluster may be running here, such as that of the service. One CPU more is for the trainer.
    return ray.init(
        "local",
        num_cpus=workers + 1,
        object_store_memory=OBJECT_STORE_BYTES,
        include_dashboard=False,
        log_to_driver=False,
    )


def _work(job: dict[str, Any]) -> None:
    config, parts, run_dir = job["config"], job["parts"], job["run_dir"]
    tune = partial(fine_tune, callbacks=[RayTrainReportCallback()], prepare=prepare_trainer)
    if get_context().get_world_rank() == 0:
        run(config, parts, run_dir, tune=tune)
    else:
        tune(config, parts["train"], parts["dev"], run_dir)
