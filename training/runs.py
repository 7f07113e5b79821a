"""Training runs kept on disk: what each was given and what came of it. A run that is done is not run again."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from serve.classifier.calibration import Calibration
from training.calibration import EVIDENCE, fit_category
from training.config import FineTuning, InvalidConfig, TrainingConfig
from training.data import LABELS, LabelledPaper
from training.data.splits import Parts
from training.evaluation import Predictions
from training.export import export_adapter
from training.finetune import FineTuned, fine_tune

Record = TypeVar("Record", bound=BaseModel)

RESULT_FILE = "result.json"
ADAPTER = "adapter"


class Run(BaseModel):
    """The record of one run. Losses are mean binary cross-entropies in nats; `seconds` is the training alone, and
    `test_seconds` the reading of the test part, tokenisation included. `scores` are raw, by part, a row of categories
    for each paper."""

    model_config = ConfigDict(frozen=True)

    config: TrainingConfig
    papers: dict[str, int]
    history: list[dict[str, float]]
    seconds: float
    test_seconds: float
    parameters: int
    trained_parameters: int
    calibration: Calibration
    calibration_log_losses: dict[str, dict[str, float]]
    dev: Predictions
    test: Predictions
    scores: dict[str, list[list[float]]]


def read_run(config: TrainingConfig, run_dir: Path) -> Run | None:
    """The run of a classifier that `run_dir` holds; see `read_record`."""
    return read_record(Run, config, run_dir)


def read_record(kind: type[Record], config: FineTuning, run_dir: Path) -> Record | None:
    """The run that `run_dir` holds, if it is done.

    Raises:
        InvalidConfig: it is one of another configuration, or no record that can be read.
    """
    record = run_dir / RESULT_FILE
    if not record.is_file():
        return None
    try:
        done = kind.model_validate_json(record.read_bytes())
    except ValidationError as error:
        raise InvalidConfig(f"{record} is not a record of this version: {error}") from error
    if done.config != config:  # type: ignore[attr-defined]  # every record says what it was trained with
        raise InvalidConfig(f"{run_dir} holds a run of another configuration; choose another or remove it")
    return done


def run(
    config: TrainingConfig,
    parts: Parts,
    run_dir: Path,
    *,
    name: str = "fine-tuned",
    tune: Callable[[TrainingConfig, Sequence[LabelledPaper], Sequence[LabelledPaper], Path], FineTuned] = fine_tune,
) -> Run:
    """Train, calibrate on the development part, predict the test part; keep the record and the adapter in `run_dir`.

    Raises:
        InvalidConfig: `run_dir` holds a run of another configuration.
    """
    if done := read_run(config, run_dir):
        return done
    tuned = tune(config, parts["train"], parts["dev"], run_dir)
    dev_logits = tuned.logits(parts["dev"])
    calibration, log_losses = calibrate(dev_logits, parts["dev"], config)
    started_s = time.perf_counter()
    test_logits = tuned.logits(parts["test"])
    test_seconds = time.perf_counter() - started_s
    done = Run(
        config=config,
        papers={part: len(papers) for part, papers in parts.items()},
        history=tuned.history,
        seconds=round(tuned.seconds, 1),
        test_seconds=round(test_seconds, 2),
        parameters=sum(weights.numel() for weights in tuned.model.get_base_model().parameters()),
        trained_parameters=sum(weights.numel() for weights in tuned.model.parameters() if weights.requires_grad),
        calibration=calibration,
        calibration_log_losses=log_losses,
        dev=predictions(name, parts["dev"], dev_logits, calibration, config),
        test=predictions(name, parts["test"], test_logits, calibration, config),
        scores={"dev": dev_logits.tolist(), "test": test_logits.tolist()},
    )
    export_adapter(tuned, calibration, run_dir / ADAPTER)
    # Last, so that a record means that all the rest is there.
    write_run(done, run_dir / RESULT_FILE)
    return done


def write_run(done: Run, path: Path) -> None:
    """The record as `read_run` finds it."""
    path.write_text(done.model_dump_json(indent=2) + "\n", encoding="utf-8")


def calibrate(
    logits: torch.Tensor, papers: Sequence[LabelledPaper], config: TrainingConfig
) -> tuple[Calibration, dict[str, dict[str, float]]]:
    """A calibration per category, and the cross-validated log loss of every method that was compared for it."""
    words = Calibration(words=EVIDENCE, categories={})
    evidence = [words.evidence(config.input.text(paper)) for paper in papers]
    fits = {
        label: fit_category(logits[:, column].tolist(), evidence, [p.label == label for p in papers], seed=config.seed)
        for column, label in enumerate(LABELS)
    }
    calibration = words.model_copy(update={"categories": {label: fit.category for label, fit in fits.items()}})
    return calibration, {label: fit.log_losses for label, fit in fits.items()}


def predictions(
    name: str,
    papers: Sequence[LabelledPaper],
    logits: torch.Tensor,
    calibration: Calibration,
    config: TrainingConfig,
) -> Predictions:
    """Calibrated confidences of the Cancer category."""
    said = [
        calibration.confidences(
            dict(zip(LABELS, of_paper, strict=True)), calibration.evidence(config.input.text(paper))
        )
        for paper, of_paper in zip(papers, logits.tolist(), strict=True)
    ]
    return Predictions(
        model=name,
        ids=tuple(paper.id for paper in papers),
        truth=tuple(paper.label == "Cancer" for paper in papers),
        confidences=tuple(of_paper["Cancer"] for of_paper in said),
        threshold=calibration.categories["Cancer"].threshold,
    )
