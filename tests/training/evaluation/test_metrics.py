"""Figures of one model, against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given
from sklearn import metrics as sklearn_metrics

from tests.training.evaluation.strategies import ROWS, ROWS_OF_BOTH_CLASSES, predictions
from training.evaluation import measure
from training.evaluation.metrics import (
    LEAST_CONFIDENCE,
    Confusion,
    area_under_roc,
    auroc,
    average_precision,
    brier,
    confusion,
    log_loss,
)


@given(ROWS_OF_BOTH_CLASSES)
def test_ranking_figures_are_scikit_learns(rows: list[tuple[bool, float]]) -> None:
    truth, confidences = (np.array(column) for column in zip(*rows, strict=True))

    assert area_under_roc(truth, confidences) == pytest.approx(sklearn_metrics.roc_auc_score(truth, confidences))
    assert average_precision(predictions(*zip(*rows, strict=True))) == pytest.approx(
        sklearn_metrics.average_precision_score(truth, confidences)
    )


@given(ROWS)
def test_decisions_and_losses_are_scikit_learns(rows: list[tuple[bool, float]]) -> None:
    truth, confidences = (np.array(column) for column in zip(*rows, strict=True))
    given_rows = predictions(*zip(*rows, strict=True))
    decided = confusion(given_rows)

    predicted = confidences >= 0.5
    (tn, fp), (fn, tp) = sklearn_metrics.confusion_matrix(truth, predicted, labels=[False, True]).tolist()
    assert decided == Confusion(tp, fn, fp, tn)
    assert decided.f1 == pytest.approx(sklearn_metrics.f1_score(truth, predicted, zero_division=0))
    assert decided.precision == pytest.approx(sklearn_metrics.precision_score(truth, predicted, zero_division=0))
    assert decided.recall == pytest.approx(sklearn_metrics.recall_score(truth, predicted, zero_division=0))
    squared = sklearn_metrics.brier_score_loss(truth, confidences, labels=[False, True])
    assert brier(given_rows) == pytest.approx(squared)
    kept = np.clip(confidences, LEAST_CONFIDENCE, 1 - LEAST_CONFIDENCE)
    assert log_loss(given_rows) == pytest.approx(sklearn_metrics.log_loss(truth, kept, labels=[False, True]))


@given(ROWS_OF_BOTH_CLASSES)
def test_auroc_sees_only_the_order_of_confidences(rows: list[tuple[bool, float]]) -> None:
    truth, confidences = (np.array(column) for column in zip(*rows, strict=True))

    assert area_under_roc(truth, confidences) == area_under_roc(truth, np.log1p(confidences) / 3)
    assert area_under_roc(truth, 1 - confidences) == pytest.approx(1 - area_under_roc(truth, confidences))


def test_the_interval_of_accuracy_is_wilsons() -> None:
    figures = measure(predictions([True] * 100 + [False] * 100, [0.9] * 97 + [0.1] * 103))

    assert figures.accuracy.value == 0.985
    assert (round(figures.accuracy.low, 4), round(figures.accuracy.high, 4)) == (0.9568, 0.9949)


def test_the_interval_of_auroc_agrees_with_hanley_and_mcneil() -> None:
    random = np.random.default_rng(1)
    truth = np.repeat([True, False], 100)
    confidences = np.clip(random.normal(np.where(truth, 0.6, 0.4), 0.15), 0, 1)

    estimate = auroc(predictions(truth.tolist(), confidences.tolist()))

    assert estimate is not None
    area = estimate.value
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    error = np.sqrt((area * (1 - area) + 99 * (q1 - area**2) + 99 * (q2 - area**2)) / 100**2)
    assert estimate.low == pytest.approx(area - 1.96 * error, abs=0.012)
    assert estimate.high == pytest.approx(area + 1.96 * error, abs=0.012)


def test_a_slice_of_one_class_has_no_ranking_figures() -> None:
    figures = measure(predictions([True, True], [0.9, 0.2]))

    assert (figures.auroc, figures.average_precision) == (None, None)
    assert figures.accuracy.value == 0.5


def test_a_single_paper_of_a_class_is_drawn_every_time() -> None:
    estimate = auroc(predictions([True, False, False], [0.5, 0.4, 0.6]))

    assert estimate is not None
    assert (estimate.low, estimate.value, estimate.high) == (0.0, 0.5, 1.0)
