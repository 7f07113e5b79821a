"""The report on extractors says of each what it found, and on what."""

from pathlib import Path

import pytest

from pubserve.contract import DiseaseIds, Mention
from serve.extractor.vocabulary import Disease, DiseaseOntology
from training.extraction.corpus import AnnotatedPaper, Annotation
from training.extraction.page import mentions_page, pieces
from training.extraction.reports import Extracted, Measured, extraction_report
from training.report import write

TEXT = "Asthma <b>and</b> no lung cancer."
PAPER = AnnotatedPaper(
    "42", "On asthma", TEXT,
    (Annotation("abstract", 0, 6, "Asthma", frozenset({"MESH:D1"})), Annotation("abstract", 21, 32, "lung cancer")),
)  # fmt: skip


def mention(start: int, end: int, *, field: str = "abstract", is_cancer: bool | None = None, **more: object) -> Mention:
    text = (TEXT if field == "abstract" else PAPER.title)[start:end]
    said = {"negated": False, "ids": DiseaseIds(mesh="D1"), **more}
    return Mention.model_validate(
        {"text": text, "field": field, "start": start, "end": end, "disease": text.title(), "is_cancer": is_cancer,
         "confidence": 0.9, **said}
    )  # fmt: skip


@pytest.fixture
def measured() -> list[Measured]:
    ontology = DiseaseOntology([Disease("DOID:1", "asthma", xrefs=("MESH:D1",))])
    good = Extracted("good", [[mention(0, 6), mention(21, 32)]] * 3, seconds=1.5)
    poor = Extracted("poor", [[mention(0, 6)]] * 3, seconds=0.5)
    return [Measured.of(found, [PAPER] * 3, ontology, frozenset({"asthma"})) for found in (good, poor)]


def test_each_extractor_has_its_figures(measured: list[Measured]) -> None:
    good, poor = measured

    assert (good.document.f1, good.mention.f1) == (1, 1)
    assert (poor.mention.precision, poor.mention.recall) == (1, 0.5)
    assert (poor.seen, poor.unseen) == ((3, 3), (0, 3))
    assert poor.errors == {"wrong ends": 0, "marked by nobody": 0, "missed": 3}
    assert (good.papers_per_s, poor.papers_per_s) == (2, 6)


def test_the_report_says_what_was_measured_on_what(measured: list[Measured], tmp_path: Path) -> None:
    report = extraction_report({"tiny corpus": (3, measured)}, {"machine": "a machine", "seed": "17"})

    write(report, tmp_path)

    text = (tmp_path / "report.md").read_text()
    assert "tiny corpus: good has F1 1.000 by document" in text
    assert "tiny corpus, n = 3 papers; a machine." in text
    assert "0.000 (n = 3)" in text
    assert "<svg" in (tmp_path / "report.html").read_text()


def test_where_the_annotators_gave_no_ids_there_are_no_figures_by_concept(tmp_path: Path) -> None:
    bare = AnnotatedPaper("42", PAPER.title, TEXT, (Annotation("abstract", 0, 6, "Asthma"),))
    found = Extracted("good", [[mention(0, 6)]], seconds=1)
    row = Measured.of(found, [bare], DiseaseOntology([]), frozenset())

    write(extraction_report({"tiny corpus": (1, [row])}, {"machine": "a machine"}), tmp_path)

    assert row.concept is None
    assert "concept" not in (tmp_path / "report.md").read_text()


def test_the_pieces_of_a_field_are_the_field() -> None:
    mentions = [mention(21, 32), mention(0, 6), mention(3, 9, field="title")]

    cut = pieces(PAPER, "abstract", mentions)

    assert "".join(text for text, _ in cut) == TEXT
    assert [text for text, found in cut if found] == ["Asthma", "lung cancer"]


def test_the_page_marks_mentions_by_kind_and_escapes_the_paper() -> None:
    found = [mention(0, 6, is_cancer=False), mention(21, 32, is_cancer=True, negated=True)]

    page = mentions_page([PAPER], [found], model="tagger@1")

    assert '<mark class="other" title="confidence 0.90">Asthma<small>Asthma D1</small></mark>' in page
    assert '<mark class="cancer negated"' in page
    assert "&lt;b&gt;and&lt;/b&gt;" in page
    assert "tagger@1" in page
