"""Figures of training itself: what every epoch brought, and every additional paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from training.report.content import Cell, Figure, Table
from training.report.figures.drawing import MARKERS, SERIES, canvas, spread, to_svg

QUANTITIES = {"train_loss": "training loss", "dev_loss": "development loss", "accuracy": "accuracy", "f1": "F1"}


@dataclass(frozen=True, slots=True)
class LearningPoint:
    """What training on so many papers gave, once per seed: accuracies in [0, 1]."""

    papers: int
    accuracies: Sequence[float]


def epoch_curves(histories: Mapping[str, Sequence[Mapping[str, float]]], *, source: str) -> Figure:
    """Both losses, accuracy and F1 by epoch, each in its own panel.

    Args:
        histories: by model, one record per evaluation: `epoch` and every key of `QUANTITIES`.
    """
    with canvas(6.2, 4.6, rows=2, columns=2) as (figure, axes):
        for ax, (key, quantity) in zip(axes, QUANTITIES.items(), strict=True):
            for n, (model, history) in enumerate(histories.items()):
                epochs, values = [record["epoch"] for record in history], [record[key] for record in history]
                ax.plot(epochs, values, color=SERIES[n % len(SERIES)], marker=MARKERS[n % len(MARKERS)], label=model)
            ax.set(title=quantity)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        for ax in axes[2:]:
            ax.set_xlabel("epoch")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=3, labelcolor="linecolor")
        last = [(model, history[-1]) for model, history in histories.items()]
        description = "After the last epoch: " + "; ".join(
            f"{model} development loss {record['dev_loss']:.3f}, accuracy {record['accuracy']:.3f}"
            for model, record in last
        )
        svg = to_svg(figure, description=description)
    caption = f"Losses, accuracy and F1 by epoch. {source}"
    rows: list[list[Cell]] = [
        [model, f"{record['epoch']:g}", *(record[key] for key in QUANTITIES)]
        for model, history in histories.items()
        for record in history
    ]
    return Figure(caption, description, svg, Table(caption, ["model", "epoch", *QUANTITIES.values()], rows))


def learning_curve(curves: Mapping[str, Sequence[LearningPoint]], *, source: str) -> Figure:
    """Accuracy against the number of training papers, doubling evenly; bars reach from the worst seed to the best."""
    with canvas(4.8, 3.6) as (figure, axes):
        (ax,) = axes
        ends = []
        for n, points in enumerate(curves.values()):
            means = [fmean(point.accuracies) for point in points]
            below = [mean - min(point.accuracies) for mean, point in zip(means, points, strict=True)]
            above = [max(point.accuracies) - mean for mean, point in zip(means, points, strict=True)]
            ax.errorbar(
                [point.papers for point in points], means, yerr=[below, above], color=SERIES[n % len(SERIES)],
                marker=MARKERS[n % len(MARKERS)], capsize=2.5, elinewidth=1
            )  # fmt: skip
            ends.append(means[-1])
        sizes = sorted({point.papers for points in curves.values() for point in points})
        ax.set(xscale="log", xlabel="training papers", ylabel="accuracy")
        ax.set_xticks(sizes, [str(size) for size in sizes])
        ax.minorticks_off()
        _label_ends(ax, list(curves), ends, x=sizes[-1])
        description = "Accuracy by training papers: " + "; ".join(
            f"{model} " + ", ".join(f"{fmean(point.accuracies):.3f} of {point.papers}" for point in points)
            for model, points in curves.items()
        )
        svg = to_svg(figure, description=description)
    seeds = max(len(point.accuracies) for points in curves.values() for point in points)
    caption = f"Accuracy by number of training papers: mean, worst and best of {seeds} seeds. {source}"
    rows: list[list[Cell]] = [
        [
            model,
            point.papers,
            len(point.accuracies),
            fmean(point.accuracies),
            min(point.accuracies),
            max(point.accuracies),
        ]
        for model, points in curves.items()
        for point in points
    ]
    columns = ["model", "papers", "seeds", "mean accuracy", "worst", "best"]
    return Figure(caption, description, svg, Table(caption, columns, rows))


def _label_ends(ax: Axes, labels: Sequence[str], ends: Sequence[float], *, x: float) -> None:
    low, high = ax.get_ylim()
    for n, (label, y) in enumerate(zip(labels, spread(ends, gap=(high - low) * 0.07), strict=True)):
        ax.annotate(
            label, (x, y), xytext=(8, 0), textcoords="offset points", va="center", color=SERIES[n % len(SERIES)],
            annotation_clip=False
        )  # fmt: skip
