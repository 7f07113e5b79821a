"""Matplotlib set up for reports: small SVG without a fixed colour scheme, the same bytes every time."""

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

# The palette of Okabe and Ito (2008) for any kind of colour vision, without its yellow, too pale for lines.
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
MARKERS = ("o", "s", "^", "D", "v", "P")
INK, MUTED, GRID = "#1b1f24", "#5b6470", "#d8dde3"
# In the report each colour is a CSS variable, so that a page in dark colours can lighten it.
_VARIABLES = {colour: f"--series-{n}" for n, colour in enumerate(SERIES, 1)} | {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
}

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pubserve",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


@contextmanager
def canvas(width: float, height: float, *, rows: int = 1, columns: int = 1) -> Iterator[tuple[Canvas, list[Axes]]]:
    """A figure of this size in inches with its axes, row by row, in the style of reports."""
    # The object-oriented interface alone: pyplot would keep every figure alive and look for a display.
    with matplotlib.rc_context(_STYLE):  # type: ignore[arg-type]
        figure = Canvas(figsize=(width, height), layout="constrained")
        axes: Any = figure.subplots(rows, columns, squeeze=False)
        yield figure, list(axes.flat)


def to_svg(figure: Canvas, *, description: str) -> str:
    """An `<svg>` element to stand inside a page: scalable, described, and with ids that no other figure has.

    Call it inside the `canvas` context, whose settings hold for the drawing too.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    name = "f" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#{name}-", svg)
    width = float(re.search(r'width="([\d.]+)pt"', svg)[1])  # type: ignore[index]
    svg = re.sub(r'<svg [^>]*?(viewBox="[^"]+")[^>]*>', _opening(description, width), svg, count=1, flags=re.DOTALL)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable}, {colour})")
    return svg.strip()


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """The positions moved apart, as little as need be, so that neighbours are at least `gap` from each other."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    placed: list[list[int]] = []  # runs of labels that touch, each centred on the mean of what it holds

    def centre(run: list[int]) -> float:
        return sum(positions[i] for i in run) / len(run)

    for index in order:
        placed.append([index])
        while (
            len(placed) > 1 and centre(placed[-1]) - centre(placed[-2]) < gap * (len(placed[-1]) + len(placed[-2])) / 2
        ):
            last = placed.pop()
            placed[-1] += last
    moved = [0.0] * len(positions)
    for run in placed:
        for place, index in enumerate(run):
            moved[index] = centre(run) + (place - (len(run) - 1) / 2) * gap
    return moved


def _opening(description: str, width: float) -> str:
    label = escape(description, quote=True).replace("\\", "\\\\")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" \\1 role="img" '
        f'aria-label="{label}" style="max-width:{width * 1.4:.0f}px">'
    )
