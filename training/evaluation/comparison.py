"""Two models on the same papers: what changed, and whether chance would explain it."""

from dataclasses import dataclass

from scipy.stats import binomtest

from training.evaluation.estimates import Estimate, bootstrap
from training.evaluation.metrics import Confusion, area_under_roc, confusion
from training.evaluation.predictions import Predictions, paired


@dataclass(frozen=True, slots=True)
class McNemar:
    """Papers that exactly one of two models got right, and the two-sided exact p of so uneven a division."""

    only_baseline_right: int
    only_candidate_right: int
    p: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`candidate` against `baseline`; differences are candidate minus baseline. `auroc_difference` is None where a
    class has no paper."""

    baseline: str
    candidate: str
    n: int
    baseline_confusion: Confusion
    candidate_confusion: Confusion
    accuracy_difference: Estimate
    auroc_difference: Estimate | None
    mcnemar: McNemar

    @property
    def false_negatives_change(self) -> int:
        return self.candidate_confusion.false_negatives - self.baseline_confusion.false_negatives

    @property
    def false_positives_change(self) -> int:
        return self.candidate_confusion.false_positives - self.baseline_confusion.false_positives


def compare(baseline: Predictions, candidate: Predictions) -> Comparison:
    """Both models' confusions, the differences with paired bootstrap intervals, and McNemar's test.

    Raises:
        MismatchedPredictions: the two are not about the same papers.
    """
    baseline, candidate = paired(baseline, candidate)
    return Comparison(
        baseline=baseline.model,
        candidate=candidate.model,
        n=baseline.n,
        baseline_confusion=confusion(baseline),
        candidate_confusion=confusion(candidate),
        accuracy_difference=accuracy_difference(baseline, candidate),
        auroc_difference=auroc_difference(baseline, candidate),
        mcnemar=mcnemar(baseline, candidate),
    )


def mcnemar(baseline: Predictions, candidate: Predictions) -> McNemar:
    """McNemar's test (1947) in its exact form: given the papers on which only one model is right, each of the two is
    equally likely to be that one. Without any such paper p is 1."""
    baseline, candidate = paired(baseline, candidate)
    baseline_right = baseline.predicted == baseline.wanted
    candidate_right = candidate.predicted == candidate.wanted
    lost = int((baseline_right & ~candidate_right).sum())
    gained = int((~baseline_right & candidate_right).sum())
    p = float(binomtest(gained, lost + gained).pvalue) if lost + gained else 1.0
    return McNemar(only_baseline_right=lost, only_candidate_right=gained, p=p)


def accuracy_difference(baseline: Predictions, candidate: Predictions) -> Estimate:
    """Accuracy of the candidate minus that of the baseline; both are measured on the same resampled papers."""
    baseline, candidate = paired(baseline, candidate)
    gain = (candidate.predicted == candidate.wanted).astype(float) - (baseline.predicted == baseline.wanted)
    return bootstrap(lambda rows: float(gain[rows].mean()), baseline.wanted)


def auroc_difference(baseline: Predictions, candidate: Predictions) -> Estimate | None:
    """AUROC of the candidate minus that of the baseline on the same resampled papers; None without both classes."""
    baseline, candidate = paired(baseline, candidate)
    wanted, before, after = baseline.wanted, baseline.given, candidate.given
    if wanted.all() or not wanted.any():
        return None
    return bootstrap(
        lambda rows: area_under_roc(wanted[rows], after[rows]) - area_under_roc(wanted[rows], before[rows]), wanted
    )
