"""Figures of estimates with their intervals, one a row."""

from collections.abc import Mapping

from matplotlib.axes import Axes

from training.evaluation import Estimate
from training.report.content import Figure, Table
from training.report.figures.drawing import INK, MARKERS, MUTED, SERIES, canvas, to_svg

WIDTH = 4.8


def forest_plot(estimates: Mapping[str, Estimate], *, quantity: str, source: str) -> Figure:
    """One row per estimate, in the order given, with its value written beside it.

    Args:
        quantity: what is estimated, for the axis ("accuracy").
    """
    with canvas(WIDTH, 0.9 + 0.32 * len(estimates)) as (figure, axes):
        (ax,) = axes
        for row, estimate in enumerate(estimates.values()):
            _interval(ax, estimate, row, colour=SERIES[0], marker="s")
            ax.annotate(
                f"{estimate.value:.3f}", (1, row), xycoords=("axes fraction", "data"), xytext=(6, 0),
                textcoords="offset points", va="center", annotation_clip=False
            )  # fmt: skip
        _rows(ax, list(estimates))
        ax.set_xlabel(f"{quantity}, 95 % interval")
        description = f"{quantity}: " + "; ".join(f"{name} {estimate}" for name, estimate in estimates.items())
        svg = to_svg(figure, description=description)
    caption = f"{quantity.capitalize()} with 95 % intervals. {source}"
    numbers = Table(caption, ["", f"{quantity} (95 % interval)"], list(estimates.items()))
    return Figure(caption, description, svg, numbers)


def robustness_plot(accuracies: Mapping[str, Mapping[str, Estimate]], *, source: str) -> Figure:
    """Accuracy of every model on every rewriting of the papers, or slice of them.

    Args:
        accuracies: by condition (the rows), then by model.
    """
    models = list(dict.fromkeys(model for row in accuracies.values() for model in row))
    with canvas(WIDTH, 1.0 + (0.22 + 0.13 * len(models)) * len(accuracies)) as (figure, axes):
        (ax,) = axes
        for row, of_models in enumerate(accuracies.values()):
            for n, model in enumerate(models):
                if estimate := of_models.get(model):
                    shift = 0.6 * ((n + 0.5) / len(models) - 0.5)
                    style = {"colour": SERIES[n % len(SERIES)], "marker": MARKERS[n % len(MARKERS)]}
                    _interval(ax, estimate, row + shift, **style, label=model if row == 0 else "")
        _rows(ax, list(accuracies))
        ax.set_xlabel("accuracy, 95 % interval")
        figure.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=2, labelcolor="linecolor")
        description = "Accuracy: " + "; ".join(
            f"{condition}, {model} {estimate.value:.3f}"
            for condition, of_models in accuracies.items()
            for model, estimate in of_models.items()
        )
        svg = to_svg(figure, description=description)
    caption = f"Accuracy by kind of text, with 95 % Wilson intervals. {source}"
    rows = [[condition, *(of_models.get(model) for model in models)] for condition, of_models in accuracies.items()]
    return Figure(caption, description, svg, Table(caption, ["", *models], rows))


def _interval(ax: Axes, estimate: Estimate, y: float, *, colour: str, marker: str, label: str = "") -> None:
    reach = [[max(estimate.value - estimate.low, 0)], [max(estimate.high - estimate.value, 0)]]
    ax.errorbar(estimate.value, y, xerr=reach, color=colour, marker=marker, ms=4.5, lw=1.3, ls="none", label=label)


def _rows(ax: Axes, names: list[str]) -> None:
    ax.set_yticks(range(len(names)), names, color=INK)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)
    for row in range(1, len(names)):
        ax.axhline(row - 0.5, color=MUTED, lw=0.3, alpha=0.6)
