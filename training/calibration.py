"""From raw scores on papers no weight was fitted to, to what `calibration.json` holds: scales, a shift, a threshold.

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
from training.baselines import CANCER_WORDS
from training.evaluation.metrics import LEAST_CONFIDENCE

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Fit = Callable[[Floats, Bools], Callable[[Floats], Floats]]
"""From what is known of papers, one row each of (logit, evidence), and the truth, to a map from such rows to
confidences."""

# Cancers whose names have none of the words that the keyword rule counts, chosen from the names that the Disease
# Ontology has for them: a paper without any evidence would hardly ever be said to be about cancer.
_CANCER_NAMES = (
    r"mesotheliom|hepatoma|seminom|germinom|astrocytom|ependymom|thymom|chordom|plasmacytom|hodgkin|waldenstr[oö]m"
    r"|wilms|ewing|kaposi|merkel cell|mycosis fungoides|s[eé]zary|hairy cell"
    r"|\b(?:nsclc|sclc|hcc|dlbcl|cll|aml|cml)\b"
)
EVIDENCE = f"{CANCER_WORDS}|{_CANCER_NAMES}"
"""What is counted in a paper beside the network's score; see `serve.classifier.calibration`."""

FOLDS, REPEATS = 5, 10
MIDDLE = 0.5


@dataclass(frozen=True, slots=True)
class SigmoidMap:
    """`confidence = sigmoid(scale * logit + evidence_scale * evidence + shift)`, the form that is served."""

    scale: float
    evidence_scale: float
    shift: float

    def __call__(self, known: Floats) -> Floats:
        return np.asarray(expit(known @ [self.scale, self.evidence_scale] + self.shift))


@dataclass(frozen=True, slots=True)
class CalibrationFit:
    """What is served, how it was fitted, and the cross-validated log loss in nats of every method compared."""

    category: CategoryCalibration
    method: str
    log_losses: dict[str, float]


def fit_category(
    logits: Sequence[float] | Floats,
    evidence: Sequence[float] | Floats,
    truth: Sequence[bool] | Bools,
    *,
    seed: int = 17,
) -> CalibrationFit:
    """Calibrate one category on papers no weight was fitted to.

    Of the methods that fit the form that is served, that with the lowest cross-validated log loss is taken. Isotonic
    regression is measured beside them, to show what the form costs.

    Args:
        logits: the category's raw score of each paper.
        evidence: of each paper, what `Calibration.evidence` says of its text.
        truth: whether the paper belongs to the category.

    Raises:
        ValueError: fewer than `FOLDS` papers in the category, or outside it.
    """
    known, wanted = np.column_stack([logits, evidence]).astype(float), np.asarray(truth, dtype=bool)
    if min(wanted.sum(), (~wanted).sum()) < FOLDS:
        raise ValueError(
            f"{wanted.sum()} of {len(wanted)} papers to calibrate on are in the category; at least {FOLDS} must be in "
            f"it and {FOLDS} outside it"
        )
    served: dict[str, Callable[[Floats, Bools], SigmoidMap]] = {
        "temperature": temperature,
        "platt": platt,
        "platt and words": platt_and_words,
    }
    compared: dict[str, Fit] = {"none": uncalibrated, **served, "isotonic": isotonic}
    log_losses = {
        name: round(cross_validated_log_loss(fit, known, wanted, seed=seed), 5) for name, fit in compared.items()
    }
    method = min(served, key=lambda name: log_losses[name])
    fitted = served[method](known, wanted)
    rounded = SigmoidMap(*(round(value, 5) for value in (fitted.scale, fitted.evidence_scale, fitted.shift)))
    threshold = round(best_threshold(rounded(known), wanted), 4)
    category = CategoryCalibration(
        scale=rounded.scale, evidence_scale=rounded.evidence_scale, shift=rounded.shift, threshold=threshold
    )
    return CalibrationFit(category=category, method=method, log_losses=log_losses)


def uncalibrated(_known: Floats, _truth: Bools) -> SigmoidMap:
    """The model's own confidence."""
    return SigmoidMap(1.0, 0.0, 0.0)


def temperature(known: Floats, truth: Bools) -> SigmoidMap:
    """Temperature scaling (Guo et al. 2017): one scale, no shift; a logit of 0 stays 0.5."""
    [[scale], _] = _fit_sigmoid(known[:, :1], truth, with_shift=False)
    return SigmoidMap(scale, 0.0, 0.0)


def platt(known: Floats, truth: Bools) -> SigmoidMap:
    """Platt scaling (Platt 1999): a scale and a shift."""
    [[scale], shift] = _fit_sigmoid(known[:, :1], truth, with_shift=True)
    return SigmoidMap(scale, 0.0, shift)


def platt_and_words(known: Floats, truth: Bools) -> SigmoidMap:
    """Platt scaling with a second input, as in stacking (Wolpert 1992): the evidence of words."""
    [[scale, evidence_scale], shift] = _fit_sigmoid(known, truth, with_shift=True)
    return SigmoidMap(scale, evidence_scale, shift)


def isotonic(known: Floats, truth: Bools) -> Callable[[Floats], Floats]:
    """Isotonic regression (Zadrozny & Elkan 2002): any monotone steps, so many parameters for few papers."""
    steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(known[:, 0], truth)
    return lambda new: np.asarray(steps.predict(new[:, 0]))


def cross_validated_log_loss(fit: Fit, known: Floats, truth: Bools, *, seed: int) -> float:
    """Mean log loss in nats on the part a map was not fitted on, over `REPEATS` random divisions into `FOLDS`."""
    losses = []
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    for fitted_on, held_out in folds.split(known, truth):
        confidences = fit(known[fitted_on], truth[fitted_on])(known[held_out])
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


def _fit_sigmoid(known: Floats, truth: Bools, *, with_shift: bool) -> tuple[list[float], float]:
    """A scale for each column, and the shift. Two numbers for each paper tell too little to need regularisation."""
    # Platt's targets instead of 0 and 1: development papers without an error would otherwise ask for certainty.
    positives, negatives = truth.sum(), (~truth).sum()
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    fit = LogisticRegression(C=np.inf, fit_intercept=with_shift).fit(
        np.tile(known, (2, 1)), np.repeat([True, False], len(known)), sample_weight=np.concatenate([target, 1 - target])
    )
    return fit.coef_[0].tolist(), float(fit.intercept_[0]) if with_shift else 0.0
