"""Calibration on what other folds held out: eight times the papers of one development part."""

from collections.abc import Mapping, Sequence

import torch

from training.data import LabelledPaper
from training.runs import Run, calibrate, predictions


def calibrate_across(runs: Sequence[Run], papers: Mapping[str, LabelledPaper]) -> list[Run]:
    """Each run of a cross-validation, calibrated anew on the test papers of all the others.

    Every score comes from a run that never saw its paper, and a run's own test papers are not among those it is
    calibrated on. The folds must be of one cross-validation, so that their weights are alike.

    Args:
        papers: by id, at least those of the test parts.
    """
    return [_calibrated(run, [other for other in runs if other is not run], papers) for run in runs]


def _calibrated(run: Run, others: Sequence[Run], papers: Mapping[str, LabelledPaper]) -> Run:
    held_out = [papers[id] for other in others for id in other.test.ids]
    scores = torch.tensor([row for other in others for row in other.scores["test"]])
    calibration, log_losses = calibrate(scores, held_out, run.config)
    said = {
        part: predictions(
            before.model, [papers[id] for id in before.ids], torch.tensor(run.scores[part]), calibration, run.config
        )
        for part, before in {"dev": run.dev, "test": run.test}.items()
    }
    return run.model_copy(update={"calibration": calibration, "calibration_log_losses": log_losses, **said})
