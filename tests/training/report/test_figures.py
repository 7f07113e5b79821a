"""Drawings: the right numbers, safe to put in a page, the same every time."""

from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation import Estimate, Predictions
from training.report import Figure
from training.report.figures import (
    LearningPoint,
    confusion_matrices,
    epoch_curves,
    forest_plot,
    learning_curve,
    precision_recall_curves,
    reliability_diagram,
    robustness_plot,
    roc_curves,
)
from training.report.figures.drawing import spread

SVG = "{http://www.w3.org/2000/svg}"
TRUTH = (True, True, True, False, False, False)
IDS = tuple("abcdef")
MODEL = Predictions(model="ours & <theirs>", ids=IDS, truth=TRUTH, confidences=(0.9, 0.8, 0.3, 0.4, 0.2, 0.1))
RULE = Predictions(model="rule", ids=IDS, truth=TRUTH, confidences=(1, 1, 0, 1, 0, 0))
ESTIMATES = {"ours": Estimate(0.9, 0.8, 0.95), "rule": Estimate(0.8, 0.7, 0.85)}
HISTORY = [
    {"epoch": epoch, "train_loss": 1 / epoch, "dev_loss": 2 / epoch, "accuracy": 0.9, "f1": 0.8} for epoch in (1.0, 2.0)
]
CURVE = [LearningPoint(100, (0.7, 0.8)), LearningPoint(200, (0.85, 0.95))]
SOURCE = "6 test papers."

DRAWINGS: dict[str, Callable[[], Figure]] = {
    "confusion": lambda: confusion_matrices([MODEL, RULE, MODEL], source=SOURCE),
    "roc": lambda: roc_curves([MODEL, RULE], source=SOURCE),
    "precision and recall": lambda: precision_recall_curves([MODEL, RULE], source=SOURCE),
    "reliability": lambda: reliability_diagram(MODEL, source=SOURCE),
    "forest": lambda: forest_plot(ESTIMATES, quantity="accuracy", source=SOURCE),
    "robustness": lambda: robustness_plot({"as it is": ESTIMATES, "masked": ESTIMATES}, source=SOURCE),
    "epochs": lambda: epoch_curves({"ours": HISTORY, "theirs": HISTORY}, source=SOURCE),
    "learning": lambda: learning_curve({"ours": CURVE, "rule": CURVE[1:]}, source=SOURCE),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_sound_described_and_the_same_every_time(name: str) -> None:
    figure = DRAWINGS[name]()

    drawing = ElementTree.fromstring(figure.svg)
    assert drawing.tag == f"{SVG}svg"
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label") == figure.description
    assert SOURCE in figure.caption
    assert figure.svg == DRAWINGS[name]().svg
    assert "http" not in figure.svg.replace("http://www.w3.org", "")


def test_ids_of_different_drawings_differ_so_that_they_can_share_a_page() -> None:
    ids = [
        element.get("id")
        for draw in DRAWINGS.values()
        for element in ElementTree.fromstring(draw().svg).iter()
        if element.get("id")
    ]

    assert len(set(ids)) == len(ids)


def test_what_a_drawing_refers_to_is_in_it() -> None:
    for draw in DRAWINGS.values():
        drawing = ElementTree.fromstring(draw().svg)
        ids = {element.get("id") for element in drawing.iter()}
        targets = {element.get("{http://www.w3.org/1999/xlink}href", "") for element in drawing.iter()} - {""}
        assert {target.removeprefix("#") for target in targets} <= ids


def test_colours_follow_the_page() -> None:
    assert "fill: var(--series-1, #0072b2)" in DRAWINGS["confusion"]().svg
    assert "stroke: #0072b2" not in DRAWINGS["roc"]().svg


def test_the_numbers_of_a_confusion_matrix_are_the_counts() -> None:
    figure = DRAWINGS["confusion"]()

    assert figure.numbers.rows[0] == ["ours & <theirs>", 2, 1, 0, 3]
    assert "missed" in figure.description


def test_a_rule_is_a_point_of_the_roc_and_a_model_a_curve() -> None:
    def markers(model: Predictions) -> int:
        return roc_curves([model], source=SOURCE).svg.count("<use")

    ticks = markers(MODEL)
    assert markers(RULE) > ticks


def test_the_learning_curve_holds_mean_worst_and_best() -> None:
    figure = DRAWINGS["learning"]()

    assert figure.numbers.rows[0] == ["ours", 100, 2, pytest.approx(0.75), 0.7, 0.8]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_labels_are_spread_in_order_without_touching(positions: list[float]) -> None:
    moved = spread(positions, gap=0.1)

    assert sum(moved) == pytest.approx(sum(positions))
    assert all(np.diff(sorted(moved)) >= 0.1 - 1e-9)
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    assert [moved[i] for i in order] == sorted(moved)


def test_labels_far_apart_stay_where_they_are() -> None:
    assert spread([0.9, 0.1, 0.5], gap=0.1) == pytest.approx([0.9, 0.1, 0.5])
