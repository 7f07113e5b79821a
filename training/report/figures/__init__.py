"""The drawings of a report, each from values, each with its numbers.

Every function takes `source`: the papers (how many, which part of which split) and the machine. It ends the caption.
"""

from training.report.figures.decisions import (
    confusion_matrices,
    precision_recall_curves,
    reliability_diagram,
    roc_curves,
)
from training.report.figures.intervals import forest_plot, robustness_plot
from training.report.figures.runs import LearningPoint, epoch_curves, learning_curve

__all__ = [
    "LearningPoint",
    "confusion_matrices",
    "epoch_curves",
    "forest_plot",
    "learning_curve",
    "precision_recall_curves",
    "reliability_diagram",
    "robustness_plot",
    "roc_curves",
]
