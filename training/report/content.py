"""What a report is made of. Nothing here knows how it is rendered."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluation import Estimate
from training.occlusion import Explanation

Cell = str | int | float | Estimate | None


@dataclass(frozen=True, slots=True)
class Prose:
    """One paragraph of plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """A figure to be seen first, and what it is of."""

    label: str
    value: Cell
    note: str = ""


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """A few figures side by side."""

    figures: Sequence[KeyFigure]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under column names; the first cell names the row. The caption says what is counted and on what."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing as SVG, what it shows in one sentence for those who cannot see it, and the numbers it was drawn from.

    Where a rendering holds no pictures (Markdown, JSON) the numbers stand for it.
    """

    caption: str
    description: str
    svg: str
    numbers: Table


@dataclass(frozen=True, slots=True)
class ErrorAnalysis:
    """One paper a model got wrong, and what drove it. `title` and the explanation hold the paper's own text."""

    paper_id: str
    title: str
    truth: str
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class ErrorAnalyses:
    """The worst errors of one model, worst first."""

    model: str
    errors: Sequence[ErrorAnalysis]


Block = Prose | KeyFigures | Table | Figure | ErrorAnalyses


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Args:
        title: what was measured.
        summary: the answer, in a few sentences.
        circumstances: what a figure cannot be read without: machine, data, split, seed, number of papers, versions,
            and the command that made it.
    """

    title: str
    summary: str
    circumstances: dict[str, str]
    sections: Sequence[Section]
