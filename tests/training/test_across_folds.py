"""Folds that calibrate one another: eight times the papers, and none that a fold is tested on."""

from pathlib import Path

import numpy as np
import pytest

from training.across_folds import calibrate_across
from training.config import TrainingConfig
from training.data.papers import LabelledPaper
from training.evaluation import Predictions
from training.runs import Run, read_run, write_run

CANCER, OTHER = "Cancer", "Non-Cancer"


def paper(number: int, label: str) -> LabelledPaper:
    return LabelledPaper(id=str(number), title="Tumours" if label == CANCER else "Gout", abstract="", label=label)


PAPERS = {str(number): paper(number, CANCER if number % 2 else OTHER) for number in range(150)}


def fold(number: int) -> Run:
    """One of three, whose scores are twice as sure of themselves as they should be."""
    random = np.random.default_rng(number)
    ids = [str(at) for at in range(number * 50, number * 50 + 50)]
    truth = [PAPERS[id].label == CANCER for id in ids]
    cancer = [float(random.normal(2 if wanted else -2, 3)) for wanted in truth]
    said = Predictions(model="fold", ids=tuple(ids), truth=tuple(truth), confidences=(0.5,) * 50)
    return Run.model_validate(
        {
            "config": TrainingConfig(base="a base"),
            "papers": {},
            "history": [],
            "seconds": 1,
            "test_seconds": 1,
            "parameters": 1,
            "trained_parameters": 1,
            "calibration": {"categories": {}},
            "calibration_log_losses": {},
            "dev": said,
            "test": said,
            "scores": {"dev": [[score, -score] for score in cancer], "test": [[score, -score] for score in cancer]},
        }
    )


def test_every_fold_learns_from_the_others_what_its_scores_mean() -> None:
    before = [fold(number) for number in range(3)]

    after = calibrate_across(before, PAPERS)

    for run in after:
        calibration = run.calibration.categories[CANCER]
        assert calibration.evidence_scale > 0
        right = sum(
            (confidence >= calibration.threshold) == wanted
            for confidence, wanted in zip(run.test.confidences, run.test.truth, strict=True)
        )
        assert right == 50  # the words settle it
        assert run.calibration.categories[OTHER].evidence_scale == pytest.approx(-calibration.evidence_scale, abs=1e-3)


def test_what_a_fold_is_tested_on_does_not_change_how_it_is_calibrated() -> None:
    first, *others = [fold(number) for number in range(3)]
    reversed_scores = [[-score for score in row] for row in first.scores["test"]]
    other_scores = first.model_copy(update={"scores": {**first.scores, "test": reversed_scores}})

    [calibrated, *_] = calibrate_across([first, *others], PAPERS)
    [still, *_] = calibrate_across([other_scores, *others], PAPERS)

    assert still.calibration == calibrated.calibration


def test_a_calibrated_run_is_kept_as_any_other(tmp_path: Path) -> None:
    [calibrated, *_] = calibrate_across([fold(number) for number in range(3)], PAPERS)

    write_run(calibrated, tmp_path / "result.json")

    assert read_run(calibrated.config, tmp_path) == calibrated
