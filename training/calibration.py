"""From raw scores on development papers to what `calibration.json` holds: a scale and shift, and a threshold.

Every category is fitted alone, its threshold too: the outputs are independent sigmoids, so a paper can reach both
thresholds or neither.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold

from serve.classifier.calibration import CategoryCalibration
from training.evaluation.metrics import LEAST_CONFIDENCE

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Fit = Callable[[Floats, Bools], Callable[[Floats], Floats]]
FOLDS, REPEATS = 5, 10
MIDDLE = 0.5


@dataclass(frozen=True, slots=True)
class SigmoidMap:
    """`confidence = sigmoid(scale * logit + shift)`, the form that is served."""

    scale: float
    shift: float

    def __call__(self, logits: Floats) -> Floats:
        return np.asarray(expit(self.scale * logits + self.shift))


@dataclass(frozen=True, slots=True)
class CalibrationFit:
    """What is served, how it was fitted, and the cross-validated log loss in nats of every method compared."""

    category: CategoryCalibration
    method: str
    log_losses: dict[str, float]


def fit_category(logits: Sequence[float] | Floats, truth: Sequence[bool] | Bools, *, seed: int = 17) -> CalibrationFit:
    """Calibrate one category on development papers no weight was fitted to.

    The form that is served is a scale and a shift: of the two methods that fit one, that with the lower
    cross-validated log loss is taken. Isotonic regression is measured beside them, to show what the form costs.

    Args:
        logits: the category's raw score of each paper.
        truth: whether the paper belongs to the category.

    Raises:
        ValueError: fewer than `FOLDS` papers in the category, or outside it.
    """
    scores, wanted = np.asarray(logits, dtype=float), np.asarray(truth, dtype=bool)
    if min(wanted.sum(), (~wanted).sum()) < FOLDS:
        raise ValueError(
            f"{wanted.sum()} of {len(wanted)} development papers are in the category; calibration needs at least "
            f"{FOLDS} in it and {FOLDS} outside it"
        )
    served: dict[str, Callable[[Floats, Bools], SigmoidMap]] = {"temperature": temperature, "platt": platt}
    compared: dict[str, Fit] = {"none": uncalibrated, **served, "isotonic": isotonic}
    log_losses = {
        name: round(cross_validated_log_loss(fit, scores, wanted, seed=seed), 5) for name, fit in compared.items()
    }
    method = min(served, key=lambda name: log_losses[name])
    fitted = served[method](scores, wanted)
    rounded = SigmoidMap(scale=round(fitted.scale, 5), shift=round(fitted.shift, 5))
    threshold = best_threshold(rounded(scores), wanted)
    category = CategoryCalibration(scale=rounded.scale, shift=rounded.shift, threshold=round(threshold, 4))
    return CalibrationFit(category=category, method=method, log_losses=log_losses)


def uncalibrated(_logits: Floats, _truth: Bools) -> SigmoidMap:
    """The model's own confidence."""
    return SigmoidMap(1.0, 0.0)


def temperature(logits: Floats, truth: Bools) -> SigmoidMap:
    """Temperature scaling (Guo et al. 2017): one scale, no shift; a logit of 0 stays 0.5."""
    return _fit_sigmoid(logits, truth, with_shift=False)


def platt(logits: Floats, truth: Bools) -> SigmoidMap:
    """Platt scaling (Platt 1999): a scale and a shift."""
    return _fit_sigmoid(logits, truth, with_shift=True)


def isotonic(logits: Floats, truth: Bools) -> Callable[[Floats], Floats]:
    """Isotonic regression (Zadrozny & Elkan 2002): any monotone steps, so many parameters for few papers."""
    steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(logits, truth)
    return lambda new: np.asarray(steps.predict(new))


def cross_validated_log_loss(fit: Fit, logits: Floats, truth: Bools, *, seed: int) -> float:
    """Mean log loss in nats on the part a map was not fitted on, over `REPEATS` random divisions into `FOLDS`."""
    losses = []
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    for fitted_on, held_out in folds.split(logits, truth):
        confidences = fit(logits[fitted_on], truth[fitted_on])(logits[held_out])
        confidences = np.clip(confidences, LEAST_CONFIDENCE, 1 - LEAST_CONFIDENCE)
        losses.append(-np.log(np.where(truth[held_out], confidences, 1 - confidences)).mean())
    return float(np.mean(losses))


def best_threshold(confidences: Sequence[float] | Floats, truth: Sequence[bool] | Bools) -> float:
    """The threshold nearest to 0.5 whose accuracy is within one standard error of the highest.

    0.5 is best where confidences are calibrated, and few development papers are no evidence for anything else unless it
    is clearly better (the one-standard-error rule of Breiman et al. 1984). A confidence at the threshold is predicted
    positive; a threshold lies midway between two confidences, or is 0.5 itself.
    """
    given, wanted = np.asarray(confidences, dtype=float), np.asarray(truth, dtype=bool)
    steps = np.unique(np.concatenate([[0.0], given, [1.0]]))
    candidates = np.append((steps[:-1] + steps[1:]) / 2, MIDDLE)
    right = ((given >= candidates[:, None]) == wanted).sum(axis=1)
    # Two papers more of each kind (Agresti & Coull 1998): without an error among few papers, the plain one would be 0.
    papers, share = len(given) + 4, (right.max() + 2) / (len(given) + 4)
    good_enough = candidates[right >= right.max() - len(given) * np.sqrt(share * (1 - share) / papers)]
    return float(good_enough[np.abs(good_enough - MIDDLE).argmin()])


def _fit_sigmoid(logits: Floats, truth: Bools, *, with_shift: bool) -> SigmoidMap:
    # Platt's targets instead of 0 and 1: development papers without an error would otherwise ask for certainty.
    positives, negatives = truth.sum(), (~truth).sum()
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    fit = LogisticRegression(C=np.inf, fit_intercept=with_shift).fit(
        np.tile(logits, 2)[:, None], np.repeat([True, False], len(logits)), np.concatenate([target, 1 - target])
    )
    return SigmoidMap(scale=float(fit.coef_[0, 0]), shift=float(fit.intercept_[0]) if with_shift else 0.0)
