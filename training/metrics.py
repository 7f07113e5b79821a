"""The figures that training prints and records beside an adapter."""

from collections.abc import Sequence

from training.baselines import keyword_rule
from training.evaluation import Predictions
from training.evaluation import measure as measure_predictions

__all__ = ["keyword_rule", "measure"]


def measure(confidences: Sequence[float], truth: Sequence[bool], threshold: float = 0.5) -> dict[str, object]:
    """Accuracy with its 95 % Wilson interval, F1, AUROC, log loss and the two kinds of error.

    Args:
        confidences: of the positive class, in [0, 1], one per paper.
        truth: whether the paper is of the positive class.
        threshold: the positive class is predicted at this confidence and above.
    """
    ids = tuple(str(row) for row in range(len(truth)))
    metrics = measure_predictions(
        Predictions(model="", ids=ids, truth=tuple(truth), confidences=tuple(confidences), threshold=threshold)
    )
    accuracy = metrics.accuracy
    return {
        "n": metrics.n,
        "accuracy": round(accuracy.value, 4),
        "accuracy_95": [round(accuracy.low, 4), round(accuracy.high, 4)],
        "f1": round(metrics.confusion.f1, 4),
        "auroc": round(metrics.auroc.value, 4) if metrics.auroc else None,
        "log_loss": round(metrics.log_loss, 4),
        "false_negatives": metrics.confusion.false_negatives,
        "false_positives": metrics.confusion.false_positives,
    }
