"""Two models on the same papers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.evaluation.strategies import CONFIDENCE, predictions
from training.evaluation import MismatchedPredictions, Predictions, compare, mcnemar
from training.evaluation.comparison import accuracy_difference, auroc_difference


def models(right_in_baseline: list[bool], right_in_candidate: list[bool]) -> tuple[Predictions, Predictions]:
    """Half the papers about cancer; each model right where it is said to be."""
    truth = [n % 2 == 0 for n in range(len(right_in_baseline))]

    def model(name: str, rights: list[bool]) -> Predictions:
        confidences = [0.9 if wanted == right else 0.1 for wanted, right in zip(truth, rights, strict=True)]
        return predictions(truth, confidences, model=name)

    return model("baseline", right_in_baseline), model("candidate", right_in_candidate)


def test_mcnemar_counts_the_papers_on_which_one_model_alone_is_right() -> None:
    test = mcnemar(*models([True] * 12 + [False] * 10, [True] * 10 + [False] * 2 + [True] * 10))

    assert (test.only_baseline_right, test.only_candidate_right) == (2, 10)
    # Two-sided binomial: 2 * (C(12,0) + C(12,1) + C(12,2)) / 2**12
    assert test.p == pytest.approx(2 * (1 + 12 + 66) / 2**12)


@given(st.lists(st.tuples(st.booleans(), CONFIDENCE, CONFIDENCE), min_size=1, max_size=30))
def test_mcnemar_is_symmetric(rows: list[tuple[bool, float, float]]) -> None:
    truth, one, other = zip(*rows, strict=True)
    a, b = predictions(truth, one), predictions(truth, other)

    forth, back = mcnemar(a, b), mcnemar(b, a)

    assert forth.p == back.p
    assert (forth.only_baseline_right, forth.only_candidate_right) == (
        back.only_candidate_right,
        back.only_baseline_right,
    )


def test_a_model_does_not_differ_from_itself() -> None:
    model, same = models([True, False] * 10, [True, False] * 10)

    change = compare(model, same)

    assert change.mcnemar.p == 1.0
    assert (change.accuracy_difference.low, change.accuracy_difference.high) == (0, 0)
    assert (change.false_negatives_change, change.false_positives_change) == (0, 0)


def test_errors_of_each_kind_are_compared() -> None:
    change = compare(*models([False, False, True, True] * 5, [True, False, True, True] * 5))

    assert (change.false_negatives_change, change.false_positives_change) == (-5, 0)
    assert change.accuracy_difference.value == pytest.approx(0.25)
    assert change.accuracy_difference.low > 0
    assert change.auroc_difference is not None
    assert change.auroc_difference.value > 0


def test_pairing_narrows_the_interval_of_a_difference() -> None:
    baseline, candidate = models([True] * 80 + [False] * 20, [True] * 82 + [False] * 18)

    difference = accuracy_difference(baseline, candidate)

    # Unpaired, the standard error of 0.82 - 0.80 on 100 papers each would be 0.055.
    assert difference.high - difference.low < 2 * 1.96 * 0.055 / 2


def test_auroc_of_one_class_is_not_compared() -> None:
    assert auroc_difference(predictions([True], [0.1]), predictions([True], [0.9])) is None


def test_models_of_other_papers_are_not_compared() -> None:
    baseline, candidate = models([True] * 4, [True] * 4)

    with pytest.raises(MismatchedPredictions):
        compare(baseline, candidate.only(["0", "1"]))
