"""Figures of what models decided about the same papers, and how sure they were."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from sklearn.metrics import precision_recall_curve, roc_curve

from training.evaluation import Predictions, calibration_error, expected_by_chance, paired, reliability
from training.evaluation.metrics import auroc, average_precision, confusion
from training.report.content import Cell, Figure, Table
from training.report.figures.drawing import INK, MARKERS, MUTED, SERIES, canvas, to_svg

SIDE = 4.4
Curve = tuple[Sequence[float], Sequence[float]]


TITLE_CHARS = 22
"""Of a line above one of two matrices side by side."""


def confusion_matrices(models: Sequence[Predictions], *, source: str) -> Figure:
    """Truth in rows and predictions in columns, one matrix a model; the shading is the share of the row."""
    counts = [confusion(model) for model in models]
    columns = min(len(models), 2)
    rows = -(-len(models) // columns)
    with canvas(2.2 * columns, 2.3 * rows, rows=rows, columns=columns) as (figure, axes):
        for ax, model, c in zip(axes, models, counts, strict=False):
            matrix = np.array([[c.true_positives, c.false_negatives], [c.false_positives, c.true_negatives]])
            shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
            for row, column in np.ndindex(2, 2):
                colour = SERIES[0] if row == column else SERIES[1]
                ax.fill_between(
                    [column, column + 1], row, row + 1, color=colour, alpha=0.08 + 0.37 * shares[row, column], lw=0
                )
                ax.text(column + 0.5, row + 0.45, str(matrix[row, column]), ha="center", va="center", fontsize=15)
                ax.text(column + 0.5, row + 0.75, f"{shares[row, column]:.1%}", ha="center", va="center")
            ax.set(xlim=(0, 2), ylim=(2, 0), title=fill(model.model, TITLE_CHARS), xlabel="predicted", ylabel="true")
            ax.set_xticks([0.5, 1.5], ["Cancer", "Non-Cancer"])
            ax.set_yticks([0.5, 1.5], ["Cancer", "Non-Cancer"], rotation=90, va="center")
            ax.tick_params(length=0)
            ax.grid(visible=False)
            ax.spines[:].set_visible(False)
        for ax in axes[len(models) :]:
            ax.set_axis_off()
        description = "; ".join(
            f"{model.model}: {c.false_negatives} missed, {c.false_positives} false alarms"
            for model, c in zip(models, counts, strict=True)
        )
        svg = to_svg(figure, description=description)
    caption = f"Confusion matrices with the share of each true class. {source}"
    numbers = Table(
        caption,
        ["model", "true positives", "false negatives", "false positives", "true negatives"],
        [
            [model.model, c.true_positives, c.false_negatives, c.false_positives, c.true_negatives]
            for model, c in zip(models, counts, strict=True)
        ],
    )
    return Figure(caption, description, svg, numbers)


def roc_curves(models: Sequence[Predictions], *, source: str) -> Figure:
    """Receiver operating characteristics; a model with two confidences, such as a rule, is the point it is."""
    models = paired(*models)
    areas = [(model.model, auroc(model)) for model in models]
    with canvas(SIDE, SIDE) as (figure, axes):
        (ax,) = axes
        ax.plot([0, 1], [0, 1], color=MUTED, lw=0.9, ls=(0, (4, 3)))
        for n, model in enumerate(models):
            false_alarms, found, _ = roc_curve(model.wanted, model.given)
            counts = confusion(model)
            false_alarm_rate = counts.false_positives / (counts.false_positives + counts.true_negatives)
            _curve_or_point(ax, n, model, (false_alarms, found), (false_alarm_rate, counts.recall))
        ax.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        ax.legend(loc="lower right", labelcolor="linecolor")
        description = "Areas under the curve: " + "; ".join(f"{name} {area}" for name, area in areas)
        svg = to_svg(figure, description=description)
    caption = f"Receiver operating characteristics; the dashed line is chance. {source}"
    return Figure(caption, description, svg, Table(caption, ["model", "AUROC (95 % interval)"], areas))


def precision_recall_curves(models: Sequence[Predictions], *, source: str) -> Figure:
    """Precision against recall as the threshold falls; a model with two confidences is the point it is."""
    models = paired(*models)
    precisions = [(model.model, average_precision(model)) for model in models]
    with canvas(SIDE, SIDE) as (figure, axes):
        (ax,) = axes
        prevalence = float(models[0].wanted.mean())
        ax.axhline(prevalence, color=MUTED, lw=0.9, ls=(0, (4, 3)))
        for n, model in enumerate(models):
            precision, recall, _ = precision_recall_curve(model.wanted, model.given)
            point = confusion(model)
            _curve_or_point(ax, n, model, (recall, precision), (point.recall, point.precision))
        ax.set(xlabel="recall", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        ax.legend(loc="lower left", labelcolor="linecolor")
        description = "Average precision: " + "; ".join(f"{name} {value:.3f}" for name, value in precisions)
        svg = to_svg(figure, description=description)
    caption = f"Precision and recall; the dashed line is the share of Cancer among the papers. {source}"
    return Figure(caption, description, svg, Table(caption, ["model", "average precision"], precisions))


def reliability_diagram(model: Predictions, *, source: str) -> Figure:
    """Observed share of Cancer against mean confidence in bins of equal mass, above a histogram of confidences."""
    bins = reliability(model)
    error, chance = calibration_error(model), expected_by_chance(model)
    with canvas(SIDE, SIDE * 1.2) as (figure, _):
        figure.clear()
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        upper.plot([0, 1], [0, 1], color=MUTED, lw=0.9, ls=(0, (4, 3)))
        observed = [b.observed.value for b in bins]
        below = [b.observed.value - b.observed.low for b in bins]
        above = [b.observed.high - b.observed.value for b in bins]
        upper.errorbar(
            [b.mean_confidence for b in bins], observed, yerr=np.clip([below, above], 0, None), color=SERIES[0],
            marker="o", lw=1.1, capsize=2.5, ls="none"
        )  # fmt: skip
        upper.set(ylabel="share that is Cancer", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), title=model.model)
        lower.hist(model.given, bins=np.linspace(0, 1, 21).tolist(), color=SERIES[0], alpha=0.7, rwidth=0.9)
        lower.set(xlabel="confidence of Cancer", ylabel="papers")
        lower.yaxis.get_major_locator().set_params(integer=True, nbins=3)
        description = f"{model.model}: calibration error {error}; {chance:.3f} would be expected by chance"
        svg = to_svg(figure, description=description)
    caption = (
        f"Reliability of {model.model}: papers in {len(bins)} bins of equal mass, bars are 95 % Wilson intervals. "
        f"Expected calibration error {error}; a perfectly calibrated model would show {chance:.3f} on so few papers. "
        f"{source}"
    )
    rows: list[list[Cell]] = [[f"{b.mean_confidence:.3f}", b.n, b.observed] for b in bins]
    return Figure(caption, description, svg, Table(caption, ["mean confidence", "papers", "share of Cancer"], rows))


def _curve_or_point(ax: Axes, n: int, model: Predictions, curve: Curve, point: tuple[float, float]) -> None:
    colour = SERIES[n % len(SERIES)]
    if len(set(model.confidences)) > 2:
        # Recall falls along the precision-recall curve: the step is taken on the other side.
        steps = "steps-post" if curve[0][0] < curve[0][-1] else "steps-pre"
        ax.plot(*curve, color=colour, drawstyle=steps, label=model.model)
    else:
        marker = MARKERS[n % len(MARKERS)]
        ax.plot(*point, color=colour, marker=marker, ls="none", mec=INK, mew=0.6, zorder=3, label=model.model)
