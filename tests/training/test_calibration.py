"""Raw scores made into confidences, and the threshold put where it errs least."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from training.calibration import Bools, Floats, best_threshold, fit_category, platt, platt_and_words, temperature


def drawn(scale: float, shift: float, evidence_scale: float = 0.0, n: int = 4000) -> tuple[Floats, Bools]:
    """Logits and evidence, and truths drawn with the probability that these numbers give them."""
    random = np.random.default_rng(5)
    logits, evidence = random.normal(0, 3, n), np.log1p(random.integers(0, 6, n))
    return np.column_stack([logits, evidence]), random.random(n) < expit(
        scale * logits + evidence_scale * evidence + shift
    )


def test_platt_scaling_recovers_the_scale_and_shift_that_made_the_labels() -> None:
    fit = platt(*drawn(0.5, -0.7))

    assert fit.scale == pytest.approx(0.5, abs=0.05)
    assert fit.shift == pytest.approx(-0.7, abs=0.1)
    assert fit.evidence_scale == 0.0


def test_with_words_it_recovers_what_each_of_them_says() -> None:
    fit = platt_and_words(*drawn(0.5, -0.7, 1.5))

    assert fit.scale == pytest.approx(0.5, abs=0.05)
    assert fit.evidence_scale == pytest.approx(1.5, abs=0.2)
    assert fit.shift == pytest.approx(-0.7, abs=0.2)


def test_temperature_scaling_recovers_the_scale_and_shifts_nothing() -> None:
    fit = temperature(*drawn(0.5, 0.0))

    assert fit.scale == pytest.approx(0.5, abs=0.05)
    assert fit.shift == 0.0


def test_development_papers_without_an_error_do_not_ask_for_certainty() -> None:
    known = np.array([[-4.0, 0.0]] * 60 + [[4.0, 0.0]] * 60)

    fit = platt(known, known[:, 0] > 0)

    assert float(fit(np.array([[4.0, 0.0]]))[0]) == pytest.approx(61 / 62, abs=0.001)


def test_the_map_that_generalises_best_is_taken() -> None:
    known, truth = drawn(0.5, -1.5, n=300)

    shifted = fit_category(known[:, 0], known[:, 1], truth)

    assert shifted.method == "platt"
    assert shifted.log_losses["platt"] < shifted.log_losses["temperature"] < shifted.log_losses["none"]
    assert shifted.category.shift == pytest.approx(-1.5, abs=0.5)
    assert shifted.log_losses.keys() == {"none", "temperature", "platt", "platt and words", "isotonic"}


def test_words_count_where_they_tell_more_than_the_score_does() -> None:
    known, truth = drawn(0.5, -1.5, 1.5, n=300)

    fitted = fit_category(known[:, 0], known[:, 1], truth)

    assert fitted.method == "platt and words"
    assert fitted.category.evidence_scale == pytest.approx(1.5, abs=0.7)


def test_a_category_without_papers_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^4 of 100 papers .* at least 5 must be in it"):
        fit_category([0.0] * 100, [0.0] * 100, [True] * 4 + [False] * 96)


def test_the_threshold_is_a_half_unless_another_is_clearly_better() -> None:
    # One paper of a hundred is no evidence; thirty are.
    assert best_threshold([0.1] * 50 + [0.4] + [0.9] * 49, [False] * 50 + [True] * 50) == 0.5
    assert best_threshold([0.1] * 50 + [0.3] * 30 + [0.9] * 20, [False] * 50 + [True] * 50) == pytest.approx(0.2)


def test_of_thresholds_that_are_as_good_the_one_nearest_to_a_half_is_taken() -> None:
    few_high = [0.1] * 50 + [0.2] * 30 + [0.3] * 20

    assert best_threshold(few_high, [False] * 50 + [True] * 50) == pytest.approx(0.15)
    assert best_threshold([0.1] * 50 + [0.2] + [0.3] * 49, [False] * 50 + [True] * 50) == pytest.approx(0.25)


@given(st.lists(st.tuples(st.integers(1, 99), st.booleans()), min_size=1, max_size=30))
def test_no_other_threshold_is_clearly_more_accurate(rows: list[tuple[int, bool]]) -> None:
    given_confidences = np.array([hundredths / 100 for hundredths, _ in rows])
    truth = np.array([wanted for _, wanted in rows])

    def right(threshold: float) -> int:
        return int(((given_confidences >= threshold) == truth).sum())

    best = max(right(t) for t in np.linspace(0, 1, 201))
    share = (best + 2) / (len(rows) + 4)
    assert (
        right(best_threshold(given_confidences, truth))
        >= best - len(rows) * (share * (1 - share) / (len(rows) + 4)) ** 0.5
    )
