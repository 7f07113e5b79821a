"""How often the rules for topics agree with a reader of the abstract."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from serve.text.topics import topics_of
from training.data import read_papers
from training.extraction.annotations import ANNOTATIONS
from training.extraction.scores import Score

LABELS = ANNOTATIONS / "topics.jsonl"
Part = Literal["rules", "report"]


class LabelledTopics(BaseModel):
    """What a reader said of one paper; a list is empty where there is nothing to say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pmid: str
    part: Part
    study_types: tuple[str, ...]
    interventions: tuple[str, ...]
    outcomes: tuple[str, ...]

    @property
    def by_kind(self) -> dict[str, set[str]]:
        return {
            "study type": set(self.study_types),
            "intervention": set(self.interventions),
            "outcome": set(self.outcomes),
        }


def read_labelled_topics(part: Part, path: Path = LABELS) -> list[LabelledTopics]:
    """The papers of one part: `rules` were seen when the rules were written, `report` were not."""
    rows = map(LabelledTopics.model_validate_json, path.read_text(encoding="utf-8").splitlines())
    return [row for row in rows if row.part == part]


def topic_scores(labelled: Sequence[LabelledTopics], papers: Path) -> dict[str, Score]:
    """By kind of topic: topics that the rules found and topics that the reader gave, counted over papers.

    Raises:
        ValueError: naming a paper that is not among the papers.
    """
    texts = {paper.id: paper for paper in read_papers(papers)}
    if missing := {row.pmid for row in labelled} - texts.keys():
        raise ValueError(f"not among the papers: {', '.join(sorted(missing))}")
    found = [topics_of(texts[row.pmid].title, texts[row.pmid].abstract) for row in labelled]
    return {
        kind: Score.of([_of_kind(kind, topics) for topics in found], [row.by_kind[kind] for row in labelled])
        for kind in ("study type", "intervention", "outcome")
    }


def _of_kind(kind: str, topics: Sequence[str]) -> set[str]:
    return {topic.removeprefix(f"{kind}: ") for topic in topics if topic.startswith(f"{kind}: ")}
