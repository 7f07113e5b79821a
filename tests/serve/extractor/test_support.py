"""A name counts if its places, taken together, are likely diseases; then all of them are found."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.mesh import Heading
from serve.extractor.normalisation import Normaliser
from serve.extractor.resolution import name_key
from serve.extractor.support import NamesIn, Support, judged, resolve_tags
from serve.extractor.tagging import TaggedRow, TaggedWord
from serve.extractor.vocabulary import Disease, DiseaseOntology
from serve.text.document import Document
from serve.text.folding import words

KNOWN = Normaliser.of(DiseaseOntology([Disease("DOID:1", "lung cancer"), Disease("DOID:2", "asthma")]), []).names_in


def nothing(_: str) -> Iterable[tuple[int, int]]:
    return []


def tagged(document: Document, *likely: float) -> list[TaggedRow]:
    """The words of the abstract, with how likely each is a disease; a likely one begins one."""
    found = [TaggedWord("abstract", word.start, word.end, 0) for word in words(document.abstract)]
    assert len(found) == len(likely)
    return [TaggedRow(found, [[1 - p, p, 0.0] for p in likely])]


def names(abstract: str, *likely: float, threshold: float = 0.6, known: NamesIn = nothing) -> list[tuple[str, float]]:
    document = Document("", abstract)
    found = Support(threshold=threshold).names(tagged(document, *likely), document, known)
    return [(name.text, round(name.confidence, 3)) for name in found]


def test_a_name_is_as_sure_as_its_places_are_on_average() -> None:
    assert names("asthma or Asthma", 0.9, 0.0, 0.5) == [("asthma", 0.7)]


def test_a_name_that_is_unlikely_elsewhere_does_not_count() -> None:
    assert names("fit and fit and fit", 0.9, 0, 0.1, 0, 0.2) == []


def test_a_name_is_judged_by_all_its_words() -> None:
    document = Document("", "lung cancer")
    [row] = tagged(document, 0.9, 0.5)
    row.probabilities[1] = [0.5, 0.0, 0.5 + 1e-9]  # goes on with the word before

    [name] = judged([row], document, nothing)

    assert (name.text, round(name.confidence, 3)) == ("lung cancer", 0.7)


def test_a_vocabularys_name_counts_where_the_tagger_drew_other_ends() -> None:
    found = names("early lung cancer", 0.1, 0.7, 0.8, known=KNOWN)

    assert ("lung cancer", 0.75) in found


def test_a_vocabularys_name_that_the_tagger_finds_unlikely_does_not_count() -> None:
    assert names("no asthma here", 0, 0.2, 0, known=KNOWN) == []


def one_disease(abstract: str) -> list[TaggedRow]:
    """All words of the abstract tagged as one disease."""
    [row] = tagged(Document("", abstract), *[0.9] * len(list(words(abstract))))
    row.probabilities[1:] = [[0.1, 0.0, 0.9]] * (len(row.words) - 1)
    return [row]


@pytest.mark.parametrize(
    ("abstract", "found"),
    [
        ("of cardiac arrest and", {"cardiac arrest"}),
        ("diabetes insipidus (DI", {"diabetes insipidus", "DI"}),
        ("deficiency (DPD) of it", {"deficiency (DPD) of it"}),
        ("of the", set()),
    ],
)
def test_a_name_closes_its_brackets_and_no_small_word_begins_or_ends_it(abstract: str, found: set[str]) -> None:
    assert {name.text for name in judged(one_disease(abstract), Document("", abstract), nothing)} == found


def test_an_abbreviation_is_judged_apart_from_the_word_of_its_letters() -> None:
    acute_leukaemia = Normaliser.of(DiseaseOntology([Disease("DOID:3", "acute lymphocytic leukemia", ("ALL",))]), [])

    found = names("all had ALL and all died of ALL", 0, 0, 0.9, 0, 0, 0, 0, 0.9, known=acute_leukaemia.names_in)

    assert found == [("ALL", 0.9)]


def test_a_word_that_is_a_disease_only_with_another_is_none_alone() -> None:
    assert names("the deficiency", 0, 0.9) == []


def test_places_of_the_other_field_are_judged_too() -> None:
    document = Document("Asthma", "asthma")
    row = TaggedRow([TaggedWord("title", 0, 6, 0), TaggedWord("abstract", 0, 6, 1)], [[0.8, 0.2, 0.0], [0.2, 0.8, 0.0]])

    [name] = judged([row], document, nothing)

    assert name.confidence == pytest.approx(0.5)


@given(st.text(alphabet="ab c.", max_size=30), st.data())
def test_a_confidence_is_a_share_and_every_name_is_in_the_text(abstract: str, data: st.DataObject) -> None:
    document = Document("", abstract)
    count = len(list(words(abstract)))
    likely = data.draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))

    for name in judged(tagged(document, *likely), document, nothing):
        assert 0 <= name.confidence <= 1
        assert name.text in abstract


def test_the_threshold_is_kept_beside_the_weights(tmp_path: Path) -> None:
    Support(threshold=0.65).save(tmp_path)

    assert Support.load(tmp_path).threshold == 0.65


def test_what_was_learnt_of_names_is_kept_with_it_and_found_however_they_are_spelt(tmp_path: Path) -> None:
    support = Support(threshold=0.6, headings={"renal toxicities": "D007674"})
    support.save(tmp_path)

    assert Support.load(tmp_path) == support
    assert support.learnt[name_key("Renal Toxicity")] == "D007674"


def test_a_name_that_was_learnt_is_answered_with_its_heading() -> None:
    normaliser = Normaliser.of(DiseaseOntology([]), [Heading("D007674", "Kidney Diseases", (), ("C12.1",))])
    support = Support(threshold=0.6, headings={"nephrotoxicity": "D007674"})
    document = Document("", "Nephrotoxicity")

    [mention] = resolve_tags(tagged(document, 0.9), document, support, normaliser).mentions

    assert (mention.disease, mention.ids.mesh) == ("Kidney Diseases", "D007674")
