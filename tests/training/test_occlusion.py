"""Which words drove a decision."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.baselines import TfidfRegression
from training.data import LabelledPaper
from training.occlusion import explain

TEXT = "A cohort study.\nThe carcinoma grew. The weather was fine. Carcinoma cells and asthma were seen."


class Counting:
    """A model that is surer with every "carcinoma" and less sure with every "asthma", and counts its calls."""

    def __init__(self) -> None:
        self.texts_per_call: list[int] = []

    def __call__(self, texts: Sequence[str]) -> list[float]:
        self.texts_per_call.append(len(texts))
        words = [text.lower() for text in texts]
        return [min(0.5 + 0.2 * w.count("carcinoma") - 0.1 * w.count("asthma"), 0.95) for w in words]


def test_words_that_spoke_for_and_against_are_told_apart() -> None:
    explanation = explain(TEXT, Counting())

    effects = {effect.word: effect.effect for effect in explanation.effects}
    assert explanation.confidence == pytest.approx(0.8)
    assert explanation.effects[0].word == "carcinoma"
    assert effects["carcinoma"] > 0 > effects["asthma"]
    assert effects["cells"] == 0


def test_a_word_is_left_out_wherever_it_stands() -> None:
    explanation = explain(TEXT, Counting())

    without = 0.4  # 0.5, no carcinoma, one asthma
    assert explanation.effects[0].effect == pytest.approx(1.3863 + 0.4055, abs=0.001)
    assert without < explanation.confidence


def test_words_come_from_the_sentences_that_mattered_most() -> None:
    explanation = explain(TEXT, Counting(), most_sentences=2)

    assert explanation.sentences == ("The carcinoma grew.", "Carcinoma cells and asthma were seen.")
    assert "weather" not in {effect.word for effect in explanation.effects}


def test_function_words_and_numbers_are_not_tried() -> None:
    explanation = explain("The carcinoma was 12 mm.", Counting())

    assert {effect.word for effect in explanation.effects} == {"carcinoma", "mm"}


@given(st.lists(st.text(alphabet="abc ", min_size=1, max_size=30), min_size=1, max_size=30))
def test_the_model_is_called_twice_at_most_with_bounded_texts(parts: list[str]) -> None:
    model = Counting()

    explain(". A".join(parts), model, most_words=10)

    assert len(model.texts_per_call) <= 2
    assert all(texts <= 10 for texts in model.texts_per_call[1:])


def test_a_learned_model_can_be_explained() -> None:
    papers = [
        LabelledPaper(str(n), f"{word} in {place}", "", label)
        for n, (word, place, label) in enumerate(
            (word, place, label)
            for word, label in (("Carcinoma", "Cancer"), ("Asthma", "Non-Cancer"))
            for place in ("adults", "children", "mice")
        )
    ]

    model = TfidfRegression().fit(papers)

    explanation = explain(
        "Carcinoma in adults.",
        lambda texts: model.confidences([LabelledPaper("", "", text, "Cancer") for text in texts]),
    )

    assert explanation.effects[0].word == "carcinoma"
