"""Predictions as hypothesis draws them, and by hand."""

from collections.abc import Sequence

from hypothesis import strategies as st

from training.evaluation import Predictions


def predictions(
    truth: Sequence[bool], confidences: Sequence[float], *, model: str = "model", threshold: float = 0.5
) -> Predictions:
    """Papers named by their position."""
    ids = tuple(map(str, range(len(truth))))
    return Predictions(model=model, ids=ids, truth=tuple(truth), confidences=tuple(confidences), threshold=threshold)


# Hundredths, so that ties are frequent.
CONFIDENCE = st.integers(0, 100).map(lambda hundredths: hundredths / 100)
ROWS = st.lists(st.tuples(st.booleans(), CONFIDENCE), min_size=2, max_size=40)


def of_both_classes(rows: list[tuple[bool, float]]) -> bool:
    return len({truth for truth, _ in rows}) == 2


ROWS_OF_BOTH_CLASSES = ROWS.filter(of_both_classes)
