"""How a training run goes on in time, in the words of the transformers Trainer: steps, evaluations, checkpoints."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import TrainingArguments

from serve.hardware import resolve_dtype
from training.config import FineTuning

LOGGED_PER_EVALUATION = 10
"""How often the training loss is written down between two evaluations."""


@dataclass(frozen=True, slots=True)
class Best:
    """Which figure of an evaluation says that its weights are the ones to keep, and in which direction."""

    figure: str
    greater: bool


def trainer_arguments(config: FineTuning, run_dir: Path, *, batches: int, best: Best) -> TrainingArguments:
    """A cosine schedule with warm-up over `batches` items an epoch, and a checkpoint in `run_dir` per evaluation.

    Where several workers train, each step takes an item of each.
    """
    workers = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    steps_per_epoch = math.ceil(batches / workers / config.accumulation_steps)
    evaluate_every = math.ceil(steps_per_epoch / config.evaluations_per_epoch)
    logging.getLogger("tensorboardX").setLevel(logging.WARNING)
    return TrainingArguments(
        output_dir=str(run_dir),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=1,  # one item is one batch of tokens
        gradient_accumulation_steps=config.accumulation_steps,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=int(config.warmup_share * steps_per_epoch * config.epochs),
        weight_decay=config.weight_decay,
        bf16=resolve_dtype(config.precision) == "bfloat16",
        # Else bf16 is refused on CPUs that have it, and workers on CPUs train on everything, each for itself.
        use_cpu=not torch.accelerator.is_available(),
        eval_strategy="steps",
        eval_steps=evaluate_every,
        save_strategy="steps",
        save_steps=evaluate_every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model=best.figure,
        greater_is_better=best.greater,
        logging_strategy="steps",
        logging_steps=max(1, evaluate_every // LOGGED_PER_EVALUATION),
        report_to="tensorboard",
        remove_unused_columns=False,
        dataloader_pin_memory=torch.cuda.is_available(),
        seed=config.seed,
        data_seed=config.seed,
        ddp_find_unused_parameters=False,
    )
