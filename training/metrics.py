"""Figures for a binary decision, with intervals, and the rule that any model has to beat."""

import re
from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import f1_score, log_loss, roc_auc_score

_CANCER_WORD = re.compile(
    r"cancer|carcinom|tumou?r|neoplas|leuk(?:a)?emi|lymphom|sarcom|melanom|myelom|gliom|blastom|metasta|oncolog|malignan",
    re.IGNORECASE,
)
KEYWORDS_NEEDED = 2


def keyword_rule(text: str) -> bool:
    """No model at all: a paper is about cancer if it uses words for cancer at least twice."""
    return len(_CANCER_WORD.findall(text)) >= KEYWORDS_NEEDED


def measure(confidences: Sequence[float], truth: Sequence[bool], threshold: float = 0.5) -> dict[str, object]:
    """Accuracy with its 95 % Wilson interval, F1, AUROC, log loss and the two kinds of error.

    Args:
        confidences: of the positive class, in [0, 1], one per paper.
        truth: whether the paper is of the positive class.
        threshold: the positive class is predicted at this confidence and above.
    """
    given, wanted = np.asarray(confidences), np.asarray(truth)
    predicted = given >= threshold
    right = int((predicted == wanted).sum())
    interval = binomtest(right, len(wanted)).proportion_ci(method="wilson")
    figures = {
        "n": len(wanted),
        "accuracy": right / len(wanted),
        "accuracy_95": [round(float(interval.low), 4), round(float(interval.high), 4)],
        "f1": float(f1_score(wanted, predicted)),
        "auroc": float(roc_auc_score(wanted, given)),
        "log_loss": float(log_loss(wanted, given, labels=[False, True])),
        "false_negatives": int((wanted & ~predicted).sum()),
        "false_positives": int((~wanted & predicted).sum()),
    }
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}
