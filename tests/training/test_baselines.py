"""What a language model has to beat."""

import pytest

from training.baselines import Baseline, KeywordRule, Majority, TfidfRegression, keyword_rule
from training.data import LabelledPaper

CANCER_TITLES = ["Survival in lung carcinoma", "Carcinoma of the colon", "Trial in breast carcinoma", "Renal carcinoma"]
OTHER_TITLES = ["Survival in heart failure", "Asthma of the child", "Trial in asthma", "Renal asthma"]


def titled(*titles: str, label: str = "Cancer") -> list[LabelledPaper]:
    return [LabelledPaper(f"{label} {number}", title, "", label) for number, title in enumerate(titles)]


PAPERS = titled(*CANCER_TITLES) + titled(*OTHER_TITLES, label="Non-Cancer")


def test_the_rule_wants_two_words_for_cancer() -> None:
    assert keyword_rule("Lung cancer: TUMOUR growth")
    assert keyword_rule("leukemia and leukaemia")
    assert not keyword_rule("one carcinoma")


def test_the_rule_as_a_model_answers_one_or_zero() -> None:
    assert KeywordRule().fit(PAPERS).confidences(titled("lymphoma, sarcoma", "asthma")) == [1.0, 0.0]


def test_the_majority_is_the_share_of_cancer_whatever_the_text() -> None:
    assert Majority().fit(PAPERS[:5]).confidences(titled("carcinoma", "asthma")) == [0.8, 0.8]


def test_the_linear_model_learns_which_words_tell() -> None:
    cancer, other = TfidfRegression().fit(PAPERS).confidences(titled("A carcinoma", "An asthma"))

    assert other < 0.5 < cancer


@pytest.mark.parametrize("baseline", [Majority(), KeywordRule(), TfidfRegression()])
def test_every_baseline_learns_and_answers_the_same_way(baseline: Baseline) -> None:
    confidences = baseline.fit(PAPERS).confidences(titled("carcinoma", "", "asthma"))

    assert len(confidences) == 3
    assert all(0 <= confidence <= 1 for confidence in confidences)
