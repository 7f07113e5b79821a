"""Fine-tune a classifier: from papers and a configuration to a trained model and the record of how it got there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from sklearn.metrics import f1_score
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import EarlyStoppingCallback, Trainer, TrainerCallback, set_seed
from transformers.trainer_utils import get_last_checkpoint

from training.backbone import base_directory, load_backbone, load_tokenizer
from training.batches import TokenBatches, only_item
from training.config import TrainingConfig
from training.data import LABELS, LabelledPaper
from training.frozen_prefix import Remembered
from training.head import condition, settle
from training.schedule import Best, trainer_arguments


@dataclass(frozen=True, slots=True)
class FineTuned:
    """A trained PEFT model (the weights of the best evaluation), its tokenizer, and one record per evaluation."""

    model: Any
    tokenizer: Any
    config: TrainingConfig
    history: list[dict[str, float]]
    seconds: float

    def logits(self, papers: Sequence[LabelledPaper]) -> torch.Tensor:
        """Raw scores, (papers, categories)."""
        return score(self.model, _plan(papers, self.tokenizer, self.config, share=2))


def fine_tune(
    config: TrainingConfig,
    train: Sequence[LabelledPaper],
    dev: Sequence[LabelledPaper],
    run_dir: Path,
    *,
    callbacks: Sequence[TrainerCallback] = (),
    prepare: Callable[[Trainer], Trainer] = lambda trainer: trainer,
    remembered: Remembered | None = None,
) -> FineTuned:
    """Train on `train`, keep the weights of the evaluation with the lowest loss on `dev`.

    `run_dir` holds a checkpoint per evaluation: a run that was killed goes on from the last one. TensorBoard files lie
    in `run_dir/tensorboard`. `prepare` may wrap the trainer, as Ray Train does.
    `remembered` lets runs over the same papers share the work of the frozen layers.
    Deterministic for a seed, a machine and a number of threads.
    """
    set_seed(config.seed)
    base_dir = base_directory(config.base)
    tokenizer = load_tokenizer(base_dir)
    batches = _plan(train, tokenizer, config)
    model = load_backbone(base_dir, config, pad_token_id=tokenizer.pad_token_id, remembered=remembered)
    checkpoint = get_last_checkpoint(str(run_dir)) if run_dir.is_dir() else None
    condition(model, batches if checkpoint is None else None)
    trainer = prepare(
        _MultiLabelTrainer(
            model=model,
            args=trainer_arguments(config, run_dir, batches=len(batches), best=Best("eval_loss", greater=False)),
            train_dataset=batches,
            dev_batches=_plan(dev, tokenizer, config, share=2),
            data_collator=only_item,
            compute_loss_func=_loss(_category_weights(batches.targets, config), config.label_smoothing),
            callbacks=[*callbacks, *([EarlyStoppingCallback(config.patience)] if config.patience else [])],
        )
    )
    result = trainer.train(resume_from_checkpoint=checkpoint)
    settle(model)
    return FineTuned(model, tokenizer, config, history(trainer.state.log_history), result.metrics["train_runtime"])


@torch.inference_mode()
def score(model: Any, batches: TokenBatches) -> torch.Tensor:
    """Raw scores in the order of the papers, (papers, categories)."""
    model.eval()
    logits = torch.empty_like(batches.targets)
    for index, chosen in enumerate(batches.plan):
        inputs = {name: values.to(model.device) for name, values in batches[index].items() if name != "labels"}
        logits[chosen] = model(**inputs).logits.float().cpu()
    return logits


class _MultiLabelTrainer(Trainer):
    """Evaluates on the whole development part in every process: it is small, and its batches differ in size."""

    def __init__(self, *, dev_batches: TokenBatches, **arguments: Any) -> None:
        super().__init__(eval_dataset=dev_batches, **arguments)
        self._dev_batches = dev_batches

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        logits, targets = score(self.model, self._dev_batches), self._dev_batches.targets
        cancer = LABELS.index("Cancer")
        predicted, truth = logits[:, cancer] > 0, targets[:, cancer] > 0.5
        figures = {
            "eval_loss": float(binary_cross_entropy_with_logits(logits, targets)),
            "eval_accuracy": float(np.mean(predicted.numpy() == truth.numpy())),
            "eval_f1": float(f1_score(truth, predicted, zero_division=0)),
        }
        self.log(figures)
        # The callbacks answer with the control they were given, changed in place.
        self.callback_handler.on_evaluate(self.args, self.state, self.control, figures)
        return figures


def _plan(papers: Sequence[LabelledPaper], tokenizer: Any, config: TrainingConfig, *, share: int = 1) -> TokenBatches:
    """Batches of `share` times the configured tokens: without gradients there is room for more."""
    return TokenBatches(
        papers, tokenizer, config.input, max_tokens=config.max_tokens, batch_tokens=share * config.batch_tokens
    )


def _category_weights(targets: torch.Tensor, config: TrainingConfig) -> torch.Tensor | None:
    """How much a positive of each category counts: negatives over positives, so that a rare one is not drowned."""
    if config.class_weights == "none":
        return None
    positives = targets.sum(dim=0).clamp(min=1)
    return (len(targets) - positives).clamp(min=1) / positives


def _loss(positive_weight: torch.Tensor | None, smoothing: float) -> Callable[..., torch.Tensor]:
    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | None = None) -> torch.Tensor:
        weight = None if positive_weight is None else positive_weight.to(labels.device)
        targets = labels * (1 - 2 * smoothing) + smoothing
        total = binary_cross_entropy_with_logits(outputs.logits.float(), targets, pos_weight=weight, reduction="sum")
        # The items of all forward passes of one optimiser step: batches differ in size, papers count the same.
        return total / (labels.numel() if num_items_in_batch is None else num_items_in_batch)

    return loss


def history(log: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """One record per evaluation: `epoch`, `train_loss` since the one before, `dev_loss`, and its other figures."""
    records: list[dict[str, float]] = []
    losses: list[float] = []
    for entry in log:
        if "loss" in entry:
            losses.append(entry["loss"])
        if "eval_loss" in entry:
            others = {name.removeprefix("eval_"): entry[name] for name in entry if name.startswith("eval_")}
            loss = {"train_loss": fmean(losses), "dev_loss": others.pop("loss")}
            records.append({"epoch": round(entry["epoch"], 3), **loss, **others})
            losses = []
    return records
