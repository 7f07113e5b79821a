"""Scores and counted words, weighed into confidences."""

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serve.classifier.calibration import Calibration, CategoryCalibration

PLAIN = CategoryCalibration(scale=1, shift=0, threshold=0.5)


def test_words_are_counted_whatever_their_case_and_each_says_less_than_the_one_before() -> None:
    calibration = Calibration(words="tumou?r|cancer", categories={})

    assert calibration.evidence("Asthma") == 0
    assert calibration.evidence("TUMOR") == log(2)
    assert calibration.evidence("Tumours of lung cancer; cancerous") == log(4)


def test_where_no_words_are_counted_there_is_no_evidence() -> None:
    assert Calibration(categories={}).evidence("cancer") == 0


def test_every_category_weighs_the_score_and_the_evidence_by_itself() -> None:
    weighs = CategoryCalibration(scale=1, evidence_scale=2, shift=-1, threshold=0.5)
    calibration = Calibration(words="cancer", categories={"counts": weighs, "does not": PLAIN})

    confidences = calibration.confidences({"counts": 1.0, "does not": 0.0}, calibration.evidence("cancer"))

    assert confidences == {"counts": pytest.approx(4 / 5), "does not": 0.5}  # sigmoid(2 log 2)


@given(st.floats(-1e6, 1e6), st.floats(0, 20))
def test_a_confidence_is_one_however_large_the_score(logit: float, evidence: float) -> None:
    confidence = PLAIN.confidence(logit, evidence)

    assert 0 <= confidence <= 1
    assert confidence + PLAIN.confidence(-logit, evidence) == pytest.approx(1)


def test_words_that_are_no_regular_expression_are_refused() -> None:
    with pytest.raises(ValidationError, match="`words` is no regular expression"):
        Calibration(words="(", categories={})
