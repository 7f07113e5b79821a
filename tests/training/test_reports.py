"""Reports are put together from runs and predictions, and show what those say."""

import json
from pathlib import Path
from typing import Any

import pytest

from serve.classifier.calibration import Calibration, CategoryCalibration
from training.config import TrainingConfig
from training.data.papers import LabelledPaper
from training.evaluation import Predictions
from training.report import Report, write
from training.reports import (
    bases_report,
    cross_validation_report,
    evaluation_report,
    learning_curve_report,
    robustness_report,
    transfer_report,
)
from training.runs import Run
from training.studies import Measured

CIRCUMSTANCES = {"machine": "two cores", "split": "fixed", "seed": "17"}


def said(model: str, *, first: int = 0, wrong: int = 1, n: int = 12) -> Predictions:
    """Papers of both classes in turn; the first `wrong` of them are judged wrongly."""
    truth = [place % 2 == 0 for place in range(n)]
    given = [(not t if place < wrong else t) for place, t in enumerate(truth)]
    return Predictions(
        model=model,
        ids=tuple(str(first + place) for place in range(n)),
        truth=tuple(truth),
        confidences=tuple(0.9 - place / 100 if g else 0.1 + place / 100 for place, g in enumerate(given)),
        threshold=0.6,
    )


def a_run(model: str = "fine-tuned", *, first: int = 0, train: int = 40) -> Run:
    category = CategoryCalibration(scale=1, shift=0, threshold=0.6)
    return Run(
        config=TrainingConfig(base="tiny"),
        papers={"train": train, "dev": 10, "test": 12},
        history=[{"epoch": 1.0, "train_loss": 0.6, "dev_loss": 0.4, "accuracy": 0.8, "f1": 0.8}],
        seconds=10,
        test_seconds=2,
        parameters=1000,
        trained_parameters=100,
        calibration=Calibration(categories={"Cancer": category, "Non-Cancer": category}),
        calibration_log_losses={"Cancer": {"none": 0.3, "platt": 0.2}, "Non-Cancer": {"none": 0.3, "platt": 0.2}},
        dev=said(model, first=first + 100),
        test=said(model, first=first),
        scores={"dev": [], "test": []},
    )


def written(report: Report, folder: Path) -> tuple[dict[str, Any], str]:
    write(report, folder)
    return json.loads((folder / "report.json").read_text()), (folder / "report.html").read_text()


def test_a_cross_validation_pools_the_folds(tmp_path: Path) -> None:
    runs = [a_run(first=0), a_run(first=12)]
    rule = said("keyword rule", wrong=6, n=24)

    as_json, html = written(cross_validation_report(runs, [rule], CIRCUMSTANCES), tmp_path)

    assert "Accuracy 0.917" in as_json["summary"]  # 22 of 24 papers
    assert "on 24 papers" in as_json["summary"]
    assert "Mean of the folds: accuracy 0.9167" in as_json["summary"]
    assert "fine-tuned against keyword rule" in html
    assert "two cores" in html


def test_an_evaluation_shows_the_words_behind_the_errors(tmp_path: Path) -> None:
    papers = {
        str(place): LabelledPaper(str(place), f"Title {place}.", "A carcinoma grew.", "Cancer") for place in range(12)
    }

    def confidence(texts: Any) -> list[float]:
        return [0.9 if "carcinoma" in text else 0.1 for text in texts]

    report = evaluation_report(
        "classifier@1", said("fine-tuned"), [said("rule", wrong=3)], papers, confidence, CIRCUMSTANCES
    )
    as_json, html = written(report, tmp_path)

    assert as_json["title"] == "classifier@1 on papers it has not seen"
    assert "carcinoma" in html


def test_other_corpora_are_shown_one_by_one(tmp_path: Path) -> None:
    corpora = {
        "trials": [said("fine-tuned"), said("rule", wrong=2)],
        "cases": [said("fine-tuned", wrong=3), said("rule", wrong=6)],
    }

    as_json, _ = written(transfer_report(corpora, CIRCUMSTANCES), tmp_path)

    assert [section["heading"] for section in as_json["sections"]] == ["trials", "cases"]
    assert as_json["summary"].startswith("trials: Accuracy 0.917")
    assert "cases: Accuracy 0.750" in as_json["summary"]


def test_robustness_is_shown_by_condition_and_model(tmp_path: Path) -> None:
    conditions = {
        "as they are": [said("fine-tuned"), said("rule", wrong=2)],
        "title only": [said("fine-tuned", wrong=4), said("rule", wrong=6)],
    }

    report = robustness_report(conditions, CIRCUMSTANCES)
    as_json, html = written(report, tmp_path)

    (plot,) = as_json["sections"][0]["blocks"]
    assert [row[0] for row in plot["numbers"]["rows"]] == ["as they are (n = 12)", "title only (n = 12)"]
    assert "0.667" in html  # fine-tuned, title only: 8 of 12


def test_bases_are_compared_by_quality_speed_and_cost(tmp_path: Path) -> None:
    runs = {"small": a_run("small"), "large": a_run("large")}

    as_json, html = written(
        bases_report(runs, [Measured(said("rule", wrong=5), 0.01, 0)], 0.5, CIRCUMSTANCES), tmp_path
    )

    assert as_json["circumstances"]["price"] == "0.5 per hour for the whole machine"
    assert "small" in html
    assert f"by epoch. n = {runs['small'].dev.n}, the development part of a run" in html
    assert "23.15" in html  # a million papers at 6 per second and 0.5 per hour


def test_a_learning_curve_has_a_point_per_size(tmp_path: Path) -> None:
    as_json, _ = written(learning_curve_report([a_run(train=20), a_run(train=40)], CIRCUMSTANCES), tmp_path)

    assert as_json["summary"].startswith("20 papers: accuracy 0.917")
    assert "40 papers: accuracy 0.917" in as_json["summary"]


def test_papers_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="has not"):
        cross_validation_report([a_run()], [said("rule", first=50)], CIRCUMSTANCES)
