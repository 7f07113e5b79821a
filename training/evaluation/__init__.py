"""How good a model is, with intervals, and whether another is better: pure functions of `Predictions`."""

from training.evaluation.calibration_error import ReliabilityBin, calibration_error, expected_by_chance, reliability
from training.evaluation.choice import Choice, Running, choose
from training.evaluation.comparison import Comparison, McNemar, compare, mcnemar
from training.evaluation.estimates import Estimate, share
from training.evaluation.metrics import Confusion, Metrics, measure
from training.evaluation.predictions import MismatchedPredictions, Predictions, UnreadablePredictions, paired, pooled

__all__ = [
    "Choice",
    "Comparison",
    "Confusion",
    "Estimate",
    "McNemar",
    "Metrics",
    "MismatchedPredictions",
    "Predictions",
    "ReliabilityBin",
    "Running",
    "UnreadablePredictions",
    "calibration_error",
    "choose",
    "compare",
    "expected_by_chance",
    "mcnemar",
    "measure",
    "paired",
    "pooled",
    "reliability",
    "share",
]
