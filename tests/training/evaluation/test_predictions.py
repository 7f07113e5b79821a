"""What a model said, kept and paired."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from training.evaluation import MismatchedPredictions, Predictions, UnreadablePredictions, paired


def predictions(model: str = "a", ids: tuple[str, ...] = ("1", "2", "3"), **fields: object) -> Predictions:
    values = {"truth": (True, False, True), "confidences": (0.9, 0.2, 0.4), **fields}
    return Predictions.model_validate({"model": model, "ids": ids, **values})


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    predictions(threshold=0.3).save(tmp_path / "new" / "a.json")

    assert Predictions.load(tmp_path / "new" / "a.json") == predictions(threshold=0.3)


def test_a_damaged_file_is_named_with_the_field(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"model": "a", "ids": ["1"], "truth": [true], "confidences": [1.5]}', encoding="utf-8")

    with pytest.raises(UnreadablePredictions, match=r"a\.json: confidences\.0: .*less than or equal to 1"):
        Predictions.load(path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"truth": (True, False)}, "one entry for each"),
        ({"confidences": (0.9, float("nan"), 0.4)}, "finite number"),
        ({"ids": ("1", "1", "2")}, "unique"),
    ],
)
def test_impossible_predictions_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        predictions(**fields)  # type: ignore[arg-type]


def test_cancer_is_predicted_at_the_threshold_and_above() -> None:
    assert predictions(threshold=0.4).predicted.tolist() == [True, False, True]
    assert predictions(threshold=0.41).predicted.tolist() == [True, False, False]


def test_pairing_brings_papers_into_the_order_of_the_first() -> None:
    shuffled = predictions("b", ("3", "1", "2"), truth=(True, True, False), confidences=(0.1, 0.2, 0.3))

    first, second = paired(predictions(), shuffled)

    assert first == predictions()
    assert second.ids == ("1", "2", "3")
    assert second.confidences == (0.2, 0.3, 0.1)


def test_models_that_read_other_papers_are_not_paired() -> None:
    with pytest.raises(MismatchedPredictions, match=r"b has 1 papers that a has not, one is '4'"):
        paired(predictions(), predictions("b", ("1", "2", "4")))
    with pytest.raises(MismatchedPredictions, match=r"b: no prediction for 1 papers, the first is '3'"):
        paired(predictions(), predictions("b").only(["1", "2"]))


def test_models_that_were_given_other_labels_are_not_paired() -> None:
    with pytest.raises(MismatchedPredictions, match="different labels"):
        paired(predictions(), predictions("b", truth=(True, True, True)))
