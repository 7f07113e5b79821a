"""Whether confidences mean what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.evaluation.strategies import ROWS, predictions
from training.evaluation import calibration_error, expected_by_chance, reliability


def calibrated(n: int) -> tuple[list[bool], list[float]]:
    random = np.random.default_rng(3)
    confidences = random.random(n)
    return (random.random(n) < confidences).tolist(), confidences.tolist()


def test_a_perfectly_calibrated_model_tends_to_no_error() -> None:
    few, many = (calibration_error(predictions(*calibrated(n))).value for n in (100, 3000))

    assert many < 0.025 < few


def test_what_chance_explains_is_what_a_perfectly_calibrated_model_shows() -> None:
    model = predictions(*calibrated(200))

    assert expected_by_chance(model) == pytest.approx(calibration_error(model).value, abs=0.03)
    assert expected_by_chance(model) > 0.03


def test_an_overconfident_model_is_off_by_its_overconfidence() -> None:
    model = predictions([True] * 70 + [False] * 30, [0.9] * 100)

    assert calibration_error(model).value == pytest.approx(0.2)
    assert calibration_error(model).low < 0.2 + 1e-9
    assert expected_by_chance(model) < 0.05


@given(ROWS.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_the_order_of_papers_plays_no_role(orders: tuple[list[tuple[bool, float]], list[tuple[bool, float]]]) -> None:
    one, other = (reliability(predictions(*zip(*rows, strict=True))) for rows in orders)

    assert [(b.n, b.observed) for b in one] == [(b.n, b.observed) for b in other]
    assert [b.mean_confidence for b in one] == pytest.approx([b.mean_confidence for b in other])


@given(ROWS)
def test_every_paper_is_in_one_bin_and_bins_rise(rows: list[tuple[bool, float]]) -> None:
    bins = reliability(predictions(*zip(*rows, strict=True)))

    assert sum(b.n for b in bins) == len(rows)
    assert sum(b.observed.value * b.n for b in bins) == pytest.approx(sum(truth for truth, _ in rows))
    means = [b.mean_confidence for b in bins]
    assert means == sorted(means)


def test_bins_hold_equally_many_papers() -> None:
    bins = reliability(predictions([True, False] * 50, [n / 100 for n in range(100)]))

    assert [b.n for b in bins] == [10] * 10


def test_a_rule_has_a_bin_for_each_of_its_answers() -> None:
    bins = reliability(predictions([True] * 9 + [False] * 11, [1.0] * 10 + [0.0] * 10))

    assert [(b.n, b.mean_confidence, b.observed.value) for b in bins] == [(10, 0.0, 0.0), (10, 1.0, 0.9)]
