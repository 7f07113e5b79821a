"""Names are learnt where papers agree on what they mean and no vocabulary has them."""

import pytest

from serve.extractor.mesh import Heading
from serve.extractor.normalisation import Normaliser
from serve.extractor.vocabulary import Disease, DiseaseOntology
from training.extraction.corpus import AnnotatedPaper, Annotation
from training.extraction.learnt_names import judge, learn_names

HEADINGS = [
    Heading("D01", "Kidney Diseases", (), ("C12.1",)),
    Heading("D02", "Asthma", (), ("C08.1",)),
    Heading("D03", "Drug-Induced Liver Injury", (), ("C06.1", "C25.1")),
    Heading("D004194", "Disease", (), ("C23.1",)),
]
NORMALISER = Normaliser.of(DiseaseOntology([Disease("DOID:1", "asthma")]), HEADINGS)


def papers(*named: tuple[str, str]) -> list[AnnotatedPaper]:
    """A paper for each name and what it means there."""
    return [
        AnnotatedPaper(str(number), name, "", (Annotation("title", 0, len(name), name, frozenset(meaning.split())),))
        for number, (name, meaning) in enumerate(named)
    ]


def learnt(*named: tuple[str, str]) -> dict[str, str]:
    return learn_names(papers(*named), NORMALISER, HEADINGS)


def test_a_name_is_learnt_from_two_papers_however_they_spell_it() -> None:
    assert learnt(("Nephropathy", "MESH:D01"), ("nephropathies", "MESH:D01")) == {"nephropathy": "D01"}


@pytest.mark.parametrize(
    "named",
    [
        [("nephropathy", "MESH:D01")],
        [("nephropathy", "MESH:D01"), ("nephropathy", "MESH:D02")],
        [("nephropathy", "MESH:D01"), ("nephropathy", "MESH:D01"), ("nephropathy", "MESH:D02")],
        [("nephropathy", "MESH:D01 MESH:D02")] * 2,
        [("nephropathy", "OMIM:1")] * 2,
        [("nephropathy", "MESH:D99")] * 2,
        [("nephropathy", "MESH:D004194")] * 2,
        [("nephropathy", "")] * 2,
        [("asthma", "MESH:D01")] * 2,
        [("renal disease", "MESH:D01")] * 2,
        [("CKD", "MESH:D01")] * 2,
    ],
    ids=[
        "one paper",
        "two meanings",
        "too few agree",
        "two diseases",
        "no heading",
        "no heading of a disease",
        "says nothing",
        "no id",
        "the vocabulary has it",
        "the vocabulary leads there",
        "an abbreviation",
    ],
)
def test_nothing_else_is_learnt(named: list[tuple[str, str]]) -> None:
    assert learnt(*named) == {}


def test_what_is_due_to_drugs_is_learnt_for_names_that_say_so() -> None:
    named = [("liver damage", "MESH:D03"), ("hepatotoxicity", "MESH:D03")]

    assert learnt(*named, *named) == {"hepatotoxicity": "D03"}


def test_names_are_judged_by_papers_they_were_not_learnt_from() -> None:
    of_one_paper = [("dialysis", "MESH:D01")]
    judged = judge(papers(*[("nephropathy", "MESH:D01")] * 9, *of_one_paper), NORMALISER, HEADINGS, seed=17)

    assert judged.names == {"nephropathy": "D01"}
    assert (judged.mentions, judged.right) == (9, 9)


def test_a_paper_that_means_something_else_counts_against_them() -> None:
    judged = judge(
        papers(*[("nephropathy", "MESH:D01")] * 9, ("nephropathy", "MESH:D02")), NORMALISER, HEADINGS, seed=17
    )

    assert (judged.mentions, judged.right) == (10, 9)
