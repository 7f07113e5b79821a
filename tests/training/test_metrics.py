"""The figures recorded beside an adapter."""

from training.metrics import measure


def test_errors_are_counted_by_kind_at_the_threshold() -> None:
    figures = measure([0.9, 0.4, 0.6, 0.1, 0.5], [True, True, False, False, True])

    assert (figures["n"], figures["false_negatives"], figures["false_positives"]) == (5, 1, 1)
    assert figures["accuracy"] == 0.6
    assert figures["auroc"] == 0.6667


def test_the_interval_is_wilsons() -> None:
    figures = measure([0.9] * 97 + [0.1] * 3 + [0.1] * 100, [True] * 100 + [False] * 100)

    assert figures["accuracy_95"] == [0.9568, 0.9949]
