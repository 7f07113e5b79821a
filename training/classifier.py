"""Fine-tune the cancer classifier: a LoRA adapter, a score head and a calibration, from labelled abstracts."""

import json
import math
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import AutoModelForSequenceClassification, AutoTokenizer, get_cosine_schedule_with_warmup

from serve.classifier.batching import plan_batches
from serve.classifier.calibration import Calibration, CategoryCalibration
from training.data import LABELS, LabelledPaper, Part
from training.metrics import measure

LABELS_FILE = "labels.json"


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Hyper-parameters. `first_layer` is the lowest decoder layer adapted: those below are neither changed nor
    differentiated through, which is most of what a CPU saves."""

    epochs: int = 3
    learning_rate: float = 4e-4
    rank: int = 8
    first_layer: int = 8
    max_tokens: int = 512
    batch_tokens: int = 2048
    warmup_share: float = 0.1
    seed: int = 17


class Trainer:
    """Training state for one run on one machine; deterministic for a seed, a machine and a thread count."""

    def __init__(self, base: str, base_dir: Path, config: TrainingConfig) -> None:
        self.base = base
        self.config = config
        random.seed(config.seed)
        torch.manual_seed(config.seed)
        self.tokenizer: Any = AutoTokenizer.from_pretrained(base_dir)
        backbone = AutoModelForSequenceClassification.from_pretrained(
            base_dir, num_labels=len(LABELS), problem_type="multi_label_classification", dtype=torch.float32
        )
        lora = LoraConfig(
            task_type="SEQ_CLS",
            r=config.rank,
            lora_alpha=2 * config.rank,
            lora_dropout=0.05,
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
            layers_to_transform=list(range(config.first_layer, backbone.config.get_text_config().num_hidden_layers)),
            modules_to_save=["score"],
        )
        self.model: Any = get_peft_model(backbone, lora)

    def fit(self, parts: dict[Part, list[LabelledPaper]], out_dir: Path) -> dict[str, Any]:
        """Train, keep the epoch with the lowest development loss, calibrate on development, measure on test."""
        train, dev, test = (self._encode(parts[part]) for part in ("train", "dev", "test"))
        batches = list(plan_batches([len(ids) for ids, _ in train], max_batch_tokens=self.config.batch_tokens))
        steps = len(batches) * self.config.epochs
        trainable = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=self.config.learning_rate, weight_decay=0.01)
        schedule = get_cosine_schedule_with_warmup(optimizer, int(steps * self.config.warmup_share), steps)
        best_loss, history = math.inf, []
        with _progress() as progress:
            bar = progress.add_task("training", total=steps)
            for epoch in range(self.config.epochs):
                self.model.train()
                started, losses = time.monotonic(), []
                for batch in random.sample(batches, len(batches)):
                    logits, targets = self._forward([train[i] for i in batch])
                    loss = binary_cross_entropy_with_logits(logits, targets)
                    loss.backward()
                    torch.nn.utils.clip_grad_norm_(trainable, 1.0)
                    optimizer.step()
                    schedule.step()
                    optimizer.zero_grad()
                    losses.append(loss.item())
                    progress.update(bar, advance=1, description=f"epoch {epoch + 1} loss {np.mean(losses[-20:]):.4f}")
                logits, targets = self._score(dev)
                dev_loss = float(binary_cross_entropy_with_logits(logits, targets))
                history.append(
                    {"epoch": epoch + 1, "train_loss": float(np.mean(losses)), "dev_loss": dev_loss,
                     "seconds": round(time.monotonic() - started, 1)}
                )  # fmt: skip
                progress.console.print(history[-1])
                if dev_loss < best_loss:
                    best_loss = dev_loss
                    calibration = calibrate(logits, targets)
                    test_logits, _ = self._score(test)
                    self._save(out_dir, calibration)
        metrics = {
            "config": asdict(self.config),
            "papers": {part: len(papers) for part, papers in parts.items()},
            "history": history,
            "test": measure(confidences(test_logits, calibration), [p.label == "Cancer" for p in parts["test"]]),
        }
        (out_dir / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
        return metrics

    def _encode(self, papers: Sequence[LabelledPaper]) -> list[tuple[list[int], list[float]]]:
        ids = self.tokenizer([p.text for p in papers], truncation=True, max_length=self.config.max_tokens).input_ids
        return [(tokens, [float(p.label == label) for label in LABELS]) for tokens, p in zip(ids, papers, strict=True)]

    def _forward(self, rows: Sequence[tuple[list[int], list[float]]]) -> tuple[torch.Tensor, torch.Tensor]:
        padded = self.tokenizer.pad({"input_ids": [ids for ids, _ in rows]}, return_tensors="pt")
        return self.model(**padded).logits.float(), torch.tensor([targets for _, targets in rows])

    @torch.inference_mode()
    def _score(self, rows: Sequence[tuple[list[int], list[float]]]) -> tuple[torch.Tensor, torch.Tensor]:
        self.model.eval()
        logits, targets = torch.empty(len(rows), len(LABELS)), torch.empty(len(rows), len(LABELS))
        for batch in plan_batches([len(ids) for ids, _ in rows], max_batch_tokens=2 * self.config.batch_tokens):
            logits[batch], targets[batch] = self._forward([rows[i] for i in batch])
        return logits, targets

    def _save(self, out_dir: Path, calibration: Calibration) -> None:
        # The catalogue's name of the base, not the directory it happened to lie in.
        self.model.peft_config["default"].base_model_name_or_path = self.base
        card = out_dir / "README.md"
        written_by_hand = card.read_bytes() if card.exists() else None
        self.model.save_pretrained(out_dir)
        if written_by_hand is not None:
            card.write_bytes(written_by_hand)  # PEFT writes a template over it
        (out_dir / LABELS_FILE).write_text(json.dumps({"labels": LABELS}) + "\n", encoding="utf-8")
        calibration.save(out_dir)


def calibrate(logits: torch.Tensor, targets: torch.Tensor) -> Calibration:
    """Platt scaling per category. Regularised, because a development part without errors would ask for certainty."""
    categories = {}
    for column, label in enumerate(LABELS):
        fit = LogisticRegression(C=0.1).fit(logits[:, column : column + 1].numpy(), targets[:, column].numpy())
        categories[label] = CategoryCalibration(
            scale=round(float(fit.coef_[0, 0]), 5), shift=round(float(fit.intercept_[0]), 5), threshold=0.5
        )
    return Calibration(categories=categories)


def confidences(logits: torch.Tensor, calibration: Calibration) -> list[float]:
    """Calibrated confidence of the Cancer category for each row."""
    cancer = calibration.categories["Cancer"]
    rows: list[float] = torch.sigmoid(cancer.scale * logits[:, LABELS.index("Cancer")] + cancer.shift).tolist()
    return rows


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )
