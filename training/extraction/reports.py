"""The report on extractors, side by side on the same papers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pubserve.contract import Mention
from serve.extractor.vocabulary import DiseaseOntology
from training.extraction.corpus import AnnotatedPaper
from training.extraction.scores import (
    Score,
    concept_score,
    document_score,
    error_kinds,
    mention_score,
    places_of,
    recall_by,
)
from training.report import KeyFigure, KeyFigures, Prose, Report, Section, Table
from training.report.content import Cell
from training.report.figures import forest_plot

PUBLISHED = {
    "BioBERT, fine-tuned": 0.897,
    "GPT-2, fine-tuned": 0.784,
    "GPT-4, few-shot": 0.722,
}
"""Strict F1 of mentions on NCBI test as published (Lee et al. 2020 for BioBERT), not measured here."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What one extractor found in the papers of one corpus, in how many seconds."""

    name: str
    mentions: Sequence[Sequence[Mention]]
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One extractor on one corpus."""

    name: str
    document: Score
    mention: Score
    concept: Score | None
    """None where the annotators gave no ids."""
    seen: tuple[int, int]
    unseen: tuple[int, int]
    errors: dict[str, int]
    papers_per_s: float

    @classmethod
    def of(
        cls,
        extracted: Extracted,
        papers: Sequence[AnnotatedPaper],
        ontology: DiseaseOntology,
        trained_on: frozenset[str],
    ) -> "Measured":
        """`trained_on` are the spellings among the training papers, as `scores.spellings` writes them."""
        places = [places_of(of) for of in extracted.mentions]
        return cls(
            name=extracted.name,
            document=document_score(places, papers),
            mention=mention_score(places, papers),
            concept=concept_score(extracted.mentions, papers, ontology) if _have_ids(papers) else None,
            seen=recall_by(lambda text: text in trained_on, places, papers),
            unseen=recall_by(lambda text: text not in trained_on, places, papers),
            errors=error_kinds(places, papers),
            papers_per_s=len(papers) / extracted.seconds,
        )


def extraction_report(corpora: Mapping[str, tuple[int, Sequence[Measured]]], circumstances: dict[str, str]) -> Report:
    """Extractors on corpora.

    Args:
        corpora: by name: the number of papers, and the extractors on them, the one the report is about first.
    """
    sections = [_corpus_section(name, n, measured, circumstances["machine"]) for name, (n, measured) in corpora.items()]
    headlines = [f"{name}: {_headline(measured[0])}" for name, (_, measured) in corpora.items()]
    published = "; ".join(f"{name} {f1:.1%}" for name, f1 in PUBLISHED.items())
    return Report(
        title="Diseases found in text",
        summary=" ".join(headlines),
        circumstances=circumstances,
        sections=[
            *sections,
            Section("What others published", [Prose(f"Strict F1 of mentions on NCBI test: {published}.")]),
        ],
    )


def _have_ids(papers: Sequence[AnnotatedPaper]) -> bool:
    return any(annotation.concept_ids for paper in papers for annotation in paper.annotations)


def _headline(measured: Measured) -> str:
    by_concept = f", {measured.concept.f1:.3f} by concept" if measured.concept else ""
    return (
        f"{measured.name} has F1 {measured.document.f1:.3f} by document, {measured.mention.f1:.3f} by mention (strict)"
        f"{by_concept}."
    )


def _corpus_section(name: str, n: int, measured: Sequence[Measured], machine: str) -> Section:
    source = f"{name}, n = {n} papers; {machine}."
    best = measured[0]
    figures = [
        KeyFigure("F1 by document", best.document.f1_estimate, "distinct spellings of each paper"),
        KeyFigure("F1 by mention", best.mention.f1_estimate, "both ends right"),
    ]
    if best.concept:
        figures.append(KeyFigure("F1 by concept", best.concept.f1_estimate, "ids of MeSH, or of the Disease Ontology"))
    figures.append(KeyFigure("papers per second", best.papers_per_s, "one process, nothing else asked of it"))
    return Section(
        name,
        [
            KeyFigures(figures),
            forest_plot({m.name: m.document.f1_estimate for m in measured}, quantity="F1 by document", source=source),
            _scores_table(measured, source),
            _mentions_table(measured, source),
        ],
    )


def _scores_table(measured: Sequence[Measured], source: str) -> Table:
    rows: list[list[Cell]] = []
    for m in measured:
        for unit, score in (("document", m.document), ("mention", m.mention), ("concept", m.concept)):
            if score:
                rows.append([m.name, unit, score.precision, score.recall, score.f1_estimate])
    return Table(
        f"Precision, recall and F1. {source}", ["extractor", "by", "precision", "recall", "F1 (95 % interval)"], rows
    )


def _mentions_table(measured: Sequence[Measured], source: str) -> Table:
    columns = [
        "extractor",
        "recall of spellings trained on",
        "recall of others",
        *measured[0].errors,
        "papers per second",
    ]
    rows: list[list[Cell]] = [
        [m.name, _share(m.seen), _share(m.unseen), *m.errors.values(), m.papers_per_s] for m in measured
    ]
    return Table(f"Mentions, strict. {source}", columns, rows)


def _share(hits_of: tuple[int, int]) -> str:
    hits, of = hits_of
    return f"{hits / of:.3f} (n = {of})" if of else "-"
