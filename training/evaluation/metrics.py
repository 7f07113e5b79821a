"""How good one model's predictions are: decisions, ranking and probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score

from training.evaluation.calibration_error import calibration_error
from training.evaluation.estimates import Estimate, bootstrap, share
from training.evaluation.predictions import Predictions

# The service answers confidences with four decimals: a 1.0 stands for anything from 0.99995.
LEAST_CONFIDENCE = 1e-4


@dataclass(frozen=True, slots=True)
class Confusion:
    """Decisions counted by what was true (Cancer is positive) and what was predicted."""

    true_positives: int
    false_negatives: int
    false_positives: int
    true_negatives: int

    @property
    def precision(self) -> float:
        """Of the papers called Cancer, the share that is; 0 where none was called so."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Of the papers about cancer, the share that was found; 0 where there is none."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall (van Rijsbergen 1979)."""
        return _ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of one model on one set of papers; the ranking ones are None where a class has no paper."""

    model: str
    n: int
    confusion: Confusion
    accuracy: Estimate
    auroc: Estimate | None
    average_precision: float | None
    log_loss: float
    brier: float
    calibration_error: Estimate


def measure(predictions: Predictions) -> Metrics:
    """Every figure at once."""
    return Metrics(
        model=predictions.model,
        n=predictions.n,
        confusion=confusion(predictions),
        accuracy=accuracy(predictions),
        auroc=auroc(predictions),
        average_precision=average_precision(predictions),
        log_loss=log_loss(predictions),
        brier=brier(predictions),
        calibration_error=calibration_error(predictions),
    )


def confusion(predictions: Predictions) -> Confusion:
    """The four counts at the predictions' threshold."""
    wanted, predicted = predictions.wanted, predictions.predicted
    return Confusion(
        true_positives=int((wanted & predicted).sum()),
        false_negatives=int((wanted & ~predicted).sum()),
        false_positives=int((~wanted & predicted).sum()),
        true_negatives=int((~wanted & ~predicted).sum()),
    )


def accuracy(predictions: Predictions) -> Estimate:
    """The share of right decisions, with Wilson's interval."""
    return share(int((predictions.predicted == predictions.wanted).sum()), predictions.n)


def auroc(predictions: Predictions) -> Estimate | None:
    """The chance that a paper about cancer gets a higher confidence than one that is not, ties counting half
    (Hanley & McNeil 1982), with a stratified bootstrap interval; None where a class has no paper."""
    wanted, given = predictions.wanted, predictions.given
    if wanted.all() or not wanted.any():
        return None
    return bootstrap(lambda rows: area_under_roc(wanted[rows], given[rows]), wanted)


def area_under_roc(wanted: NDArray[np.bool_], given: NDArray[np.float64]) -> float:
    """Mann and Whitney's U over the number of pairs; both classes must be there."""
    positives = int(wanted.sum())
    ranks = float(rankdata(given)[wanted].sum())
    return (ranks - positives * (positives + 1) / 2) / (positives * (len(wanted) - positives))


def average_precision(predictions: Predictions) -> float | None:
    """Precision at each confidence, weighted by the recall it adds, without interpolation (scikit-learn's
    definition); None where a class has no paper."""
    if predictions.wanted.all() or not predictions.wanted.any():
        return None
    return float(average_precision_score(predictions.wanted, predictions.given))


def log_loss(predictions: Predictions) -> float:
    """Mean negative log-likelihood of the truth, in nats, of confidences kept `LEAST_CONFIDENCE` away from 0 and 1.

    For a rule that answers only 0 or 1 this counts its errors at 9.2 nats each, and means no more than that.
    """
    given = np.clip(predictions.given, LEAST_CONFIDENCE, 1 - LEAST_CONFIDENCE)
    return float(-np.log(np.where(predictions.wanted, given, 1 - given)).mean())


def brier(predictions: Predictions) -> float:
    """Mean squared distance of the confidence from the truth, in [0, 1] (Brier 1950)."""
    return float(((predictions.given - predictions.wanted) ** 2).mean())


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
