"""Reports: sections of prose, tables and figures, rendered as JSON, Markdown and one self-contained HTML file."""

from training.report.content import (
    ErrorAnalyses,
    ErrorAnalysis,
    Figure,
    KeyFigure,
    KeyFigures,
    Prose,
    Report,
    Section,
    Table,
)
from training.report.render import write

__all__ = [
    "ErrorAnalyses",
    "ErrorAnalysis",
    "Figure",
    "KeyFigure",
    "KeyFigures",
    "Prose",
    "Report",
    "Section",
    "Table",
    "write",
]
