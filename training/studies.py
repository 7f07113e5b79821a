"""Several runs that answer one question. All of them can be killed and started again: runs that are done are kept."""

import random
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from training.baselines import Baseline, KeywordRule, TfidfRegression
from training.config import TrainingConfig
from training.data import LabelledPaper
from training.data.splits import FOLDS, Parts, cross_validation, split
from training.evaluation import Predictions
from training.finetune import fine_tune
from training.frozen_prefix import Remembered
from training.runs import Run, run
from training.shipped import to_predictions
from training.zero_shot import ZeroShot


@dataclass(frozen=True, slots=True)
class Measured:
    """What a model said of the test part, in how many seconds, and how many parameters it has."""

    said: Predictions
    seconds: float
    parameters: int


def cross_validate(
    config: TrainingConfig, papers: Sequence[LabelledPaper], runs_dir: Path, *, folds: Collection[int] = range(FOLDS)
) -> Iterator[Run]:
    """One run per fold, in `runs_dir/fold-0` and so on; all of them together predict every paper once."""
    tune = partial(fine_tune, remembered=Remembered())
    for fold, parts in enumerate(cross_validation(papers, seed=config.seed)):
        if fold in folds:
            yield run(config, parts, runs_dir / f"fold-{fold}", tune=tune)


def learning_curve(
    config: TrainingConfig, papers: Sequence[LabelledPaper], sizes: Sequence[int], runs_dir: Path
) -> Iterator[Run]:
    """The fixed split, trained on the first `size` papers of one shuffled order, so that larger sets hold the smaller.

    Development and test part stay whole.
    """
    parts = split(papers, seed=config.seed)
    order = random.Random(config.seed).sample(parts["train"], len(parts["train"]))
    tune = partial(fine_tune, remembered=Remembered())
    for size in sizes:
        yield run(config, {**parts, "train": order[:size]}, runs_dir / f"papers-{size}", tune=tune)


def compare_bases(
    config: TrainingConfig, bases: Sequence[str], papers: Sequence[LabelledPaper], records: int, runs_dir: Path
) -> Iterator[Run]:
    """Every base under the same hyper-parameters, on `records` papers: four in five to train, one in five to validate.

    The test part is that of the fixed split.
    """
    parts = first_records(split(papers, seed=config.seed), records, seed=config.seed)
    for base in bases:
        yield run(config.model_copy(update={"base": base}), parts, runs_dir / base, name=base)


def untrained_models(config: TrainingConfig, papers: Sequence[LabelledPaper], records: int) -> list[Measured]:
    """What the same records give without fine-tuning: the keyword rule, TF-IDF, and the base asked the question."""
    parts = first_records(split(papers, seed=config.seed), records, seed=config.seed)
    measured = []
    for baseline in (KeywordRule(), TfidfRegression(), ZeroShot(config)):
        fitted = baseline.fit([*parts["train"], *parts["dev"]])
        started_s = time.perf_counter()
        confidences = fitted.confidences(parts["test"])
        seconds = time.perf_counter() - started_s
        said = to_predictions(baseline.name, parts["test"], confidences)
        measured.append(Measured(said, seconds, fitted.parameters))
    return measured


def first_records(parts: Parts, records: int, *, seed: int) -> Parts:
    """`records` papers of the training part, as many of each label, divided four to one."""
    shuffled = random.Random(seed).sample(parts["train"], len(parts["train"]))
    chosen = {label: [p for p in shuffled if p.label == label][: records // 2] for label in {p.label for p in shuffled}}
    validation = [paper for papers in chosen.values() for paper in papers[: records // 10]]
    train = [paper for papers in chosen.values() for paper in papers[records // 10 :]]
    return {"train": train, "dev": validation, "test": parts["test"]}


def baseline_predictions(baseline: Baseline, parts: Parts) -> Predictions:
    """The test part, by a baseline that learnt from all the rest: it has no use for a development part of its own."""
    fitted = baseline.fit([*parts["train"], *parts["dev"]])
    return to_predictions(baseline.name, parts["test"], fitted.confidences(parts["test"]))
