"""Corpora with annotated diseases: read, cut into parts, and put in the form that the extractor is measured in."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from serve.extractor.grounding import Field
from serve.text.document import Document
from training.data import PaperRecord, read_papers
from training.data.corpora import DISEASE_TYPES
from training.data.duplicates import unlike

DEV_SHARE = 12
"""One in about this many papers of a corpus is to choose by."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A disease that annotators marked: `field[start:end] == text`, and the ids they gave it (`MESH:D003110`)."""

    field: Field
    start: int
    end: int
    text: str
    concept_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AnnotatedPaper:
    """A paper and its diseases in reading order, none overlapping another."""

    id: str
    title: str
    abstract: str
    annotations: tuple[Annotation, ...]

    @property
    def document(self) -> Document:
        return Document(self.title, self.abstract)

    @property
    def places(self) -> list[tuple[Field, int, int]]:
        return [(a.field, a.start, a.end) for a in self.annotations]


def read_corpus(path: Path) -> list[AnnotatedPaper]:
    """The papers of a file in the order they stand there; mentions of other kinds than diseases are left out."""
    return [annotated(paper) for paper in read_papers(path)]


def annotated(paper: PaperRecord) -> AnnotatedPaper:
    """The paper with its mentions counted by field. Of overlapping mentions the longest stays."""
    abstract_start = len(paper.title) + 1  # title, one space, abstract
    found: list[Annotation] = []
    diseases = [mention for mention in paper.mentions if mention.type in DISEASE_TYPES]
    for mention in sorted(diseases, key=lambda m: (m.start - m.end, m.start)):
        in_title = mention.end <= len(paper.title)
        if not in_title and mention.start < abstract_start:
            continue
        offset = 0 if in_title else abstract_start
        annotation = Annotation(
            field="title" if in_title else "abstract",
            start=mention.start - offset,
            end=mention.end - offset,
            text=mention.text,
            concept_ids=frozenset(id_ if ":" in id_ else f"MESH:{id_}" for id_ in mention.concept_ids),
        )
        if all(annotation.field != a.field or annotation.end <= a.start or a.end <= annotation.start for a in found):
            found.append(annotation)
    return AnnotatedPaper(
        paper.id, paper.title, paper.abstract, tuple(sorted(found, key=lambda a: (a.field != "title", a.start)))
    )


@dataclass(frozen=True, slots=True)
class Parts:
    """Papers to train on, papers to choose an epoch by, and, by corpus, papers that figures are reported on. `marked`
    are papers that a model marked, to train on beside those that people annotated."""

    train: list[AnnotatedPaper]
    dev: list[AnnotatedPaper]
    test: dict[str, list[AnnotatedPaper]]
    marked: list[AnnotatedPaper] = field(default_factory=list)


def split(
    train: Mapping[str, Sequence[AnnotatedPaper]], test: Mapping[str, Sequence[AnnotatedPaper]], *, seed: int
) -> Parts:
    """One in `DEV_SHARE` papers of every corpus to choose by, the rest to train on.

    A paper to train on that is also among the test papers, by its id or as a near-duplicate, is left out, and
    near-duplicates stay on one side: corpora share papers.
    """
    pool = [paper for papers in train.values() for paper in papers]
    held_out = [paper for papers in test.values() for paper in papers]
    free = unlike(held_out, pool)
    in_dev = {group for group, _ in free if random.Random(f"{seed} {group}").randrange(DEV_SHARE) == 0}
    return Parts(
        train=[paper for group, paper in free if group not in in_dev],
        dev=[paper for group, paper in free if group in in_dev],
        test={name: list(papers) for name, papers in test.items()},
    )


def with_marked(parts: Parts, marked: Sequence[AnnotatedPaper]) -> Parts:
    """The parts with those of the marked papers that are in none of them, by their id or as a near-duplicate."""
    known = [*parts.train, *parts.dev, *(paper for papers in parts.test.values() for paper in papers)]
    return replace(parts, marked=[paper for _, paper in unlike(known, marked)])
