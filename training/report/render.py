"""A report as JSON, Markdown and one self-contained HTML file. The same report gives the same bytes."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from training.evaluation import Estimate
from training.occlusion import WordEffect
from training.report.content import Block, Cell, ErrorAnalyses, Figure, KeyFigures, Prose, Report, Table

# A word is marked in a sentence if leaving it out moves the log-odds by this share of the strongest word's effect.
MARKED_FROM = 0.25
WORDS_LISTED = 8


def write(report: Report, folder: Path) -> list[Path]:
    """Write `report.json`, `report.md` and `report.html` into `folder`; returns their paths.

    Only the HTML holds sentences of papers (those of the worst errors); JSON and Markdown hold ids and single words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    renderings = {"report.json": to_json(report), "report.md": to_markdown(report), "report.html": to_html(report)}
    for name, text in renderings.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in renderings]


def to_json(report: Report) -> str:
    """Every number at full precision; figures by their numbers."""
    sections = [
        {"heading": section.heading, "blocks": [_block_as_dict(block) for block in section.blocks]}
        for section in report.sections
    ]
    fields = {"title": report.title, "summary": report.summary, "circumstances": report.circumstances}
    return json.dumps({**fields, "sections": sections}, indent=2, ensure_ascii=False) + "\n"


def to_markdown(report: Report) -> str:
    """The report in GitHub's Markdown; a table of its numbers stands for each figure."""
    circumstances = Table("", ["", ""], list(report.circumstances.items()))
    parts = [f"# {_escaped(report.title)}", _escaped(report.summary), _markdown_table(circumstances)]
    for section in report.sections:
        parts += [f"## {_escaped(section.heading)}", *map(_block_as_markdown, section.blocks)]
    return "\n\n".join(parts) + "\n"


def to_html(report: Report) -> str:
    """One file that needs no other: styles and figures are inside, and everything that came from data is escaped."""
    environment = Environment(
        loader=PackageLoader("training.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"cell": cell_text, "marked": _marked, "kind": lambda block: type(block).__name__}
    environment.tests["number"] = lambda cell: not isinstance(cell, str)
    return environment.get_template("report.html.j2").render(report=report, words_listed=WORDS_LISTED) + "\n"


def cell_text(cell: Cell) -> str:
    """A cell as people read it: estimates with their interval, three decimals below 10, fewer above."""
    if cell is None:
        return "-"
    if isinstance(cell, str | Estimate):
        return str(cell)
    if isinstance(cell, int):
        return f"{cell:,}"
    if cell and abs(cell) < 0.001:
        return f"{cell:.2g}"
    return f"{cell:,.{3 if abs(cell) < 10 else 1 if abs(cell) < 100 else 0}f}"


def _block_as_dict(block: Block) -> dict[str, Any]:
    if isinstance(block, Figure):
        numbers = asdict(block.numbers)
        return {"kind": "Figure", "caption": block.caption, "description": block.description, "numbers": numbers}
    if isinstance(block, ErrorAnalyses):
        errors = [
            {
                "paper_id": error.paper_id,
                "truth": error.truth,
                "confidence": error.explanation.confidence,
                "words": [asdict(effect) for effect in error.explanation.effects[:WORDS_LISTED]],
            }
            for error in block.errors
        ]
        return {"kind": "ErrorAnalyses", "model": block.model, "errors": errors}
    assert is_dataclass(block)
    return {"kind": type(block).__name__, **asdict(block)}


def _block_as_markdown(block: Block) -> str:
    match block:
        case Prose(text):
            return _escaped(text)
        case KeyFigures(figures):
            rows = [[figure.label, cell_text(figure.value), figure.note] for figure in figures]
            return _markdown_table(Table("", ["figure", "value", ""], rows))
        case Table():
            return _markdown_table(block)
        case Figure():
            return _markdown_table(replace(block.numbers, caption=block.caption))
        case ErrorAnalyses():
            analyses: list[list[Cell]] = [
                [error.paper_id, error.truth, error.explanation.confidence, _word_list(error.explanation.effects)]
                for error in block.errors
            ]
            columns = ["paper", "truth", "confidence of Cancer", "words, by change of log-odds"]
            return _markdown_table(Table(f"Worst errors of {block.model}", columns, analyses))


def _markdown_table(table: Table) -> str:
    numeric = [any(not isinstance(row[column], str) for row in table.rows) for column in range(len(table.columns))]
    lines = [table.columns, ["---:" if right else "---" for right in numeric]]
    lines += [[_escaped(cell_text(cell)) for cell in row] for row in table.rows]
    drawn = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{_escaped(table.caption)}\n\n{drawn}" if table.caption else drawn


def _word_list(effects: Sequence[WordEffect]) -> str:
    return ", ".join(f"{effect.word} {effect.effect:+.2f}" for effect in effects[:WORDS_LISTED])


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))


def _marked(sentence: str, effects: Sequence[WordEffect]) -> Markup:
    """The sentence with its influential words marked: `for` Cancer or `against` it, stronger ones more strongly."""
    strongest = max((abs(effect.effect) for effect in effects), default=0.0)
    strength = {effect.word: effect.effect / strongest for effect in effects if strongest and effect.effect}
    parts = []
    for token in re.split(r"([^\W\d_][\w'-]*)", sentence):
        share = strength.get(token.lower(), 0.0)
        if abs(share) < MARKED_FROM:
            parts.append(Markup.escape(token))
        else:
            side = "for" if share > 0 else "against"
            mark = '<mark class="{}" style="--strength:{:.2f}">{}</mark>'
            parts.append(Markup(mark).format(side, abs(share), token))
    return Markup("").join(parts)
