"""Our own annotations of papers that are not in this repository, put together with those papers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from serve.extractor.grounding import Field
from training.data import PaperRecord, read_papers
from training.extraction.corpus import AnnotatedPaper, Annotation

ANNOTATIONS = Path(__file__).parents[1] / "annotations"
DISEASES = ANNOTATIONS / "diseases.jsonl"


class MarkedMention(BaseModel):
    """A disease that was marked: `field[start:end] == text`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: Field
    start: int
    end: int
    text: str
    kind: Literal["cancer", "other"]


class MarkedPaper(BaseModel):
    """The mentions of one paper, in reading order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pmid: str
    mentions: tuple[MarkedMention, ...]


def read_marked(path: Path = DISEASES) -> list[MarkedPaper]:
    """What was marked, a paper a line."""
    return [MarkedPaper.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_annotated(papers: Path, path: Path = DISEASES) -> list[AnnotatedPaper]:
    """The papers that were annotated, as `papers`, a file or folder, has them.

    Raises:
        ValueError: naming a paper that is not there, or has another text than was annotated.
    """
    found = {paper.id: paper for paper in read_papers(papers)}
    return [_together(marked, found.get(marked.pmid)) for marked in read_marked(path)]


def _together(marked: MarkedPaper, paper: PaperRecord | None) -> AnnotatedPaper:
    if paper is None:
        raise ValueError(f"paper {marked.pmid} was annotated, and is not among the papers")
    return AnnotatedPaper(paper.id, paper.title, paper.abstract, tuple(_annotations(marked, paper)))


def _annotations(marked: MarkedPaper, paper: PaperRecord) -> Iterator[Annotation]:
    for mention in marked.mentions:
        if getattr(paper, mention.field)[mention.start : mention.end] != mention.text:
            raise ValueError(f"paper {marked.pmid} has another {mention.field} than was annotated")
        yield Annotation(mention.field, mention.start, mention.end, mention.text)
