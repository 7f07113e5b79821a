"""Scores by document, by mention and by concept count what they say they count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve.contract import DiseaseIds, Mention
from serve.extractor.vocabulary import Disease, DiseaseOntology
from training.extraction.corpus import AnnotatedPaper, Annotation
from training.extraction.scores import (
    Place,
    Score,
    concept_score,
    document_score,
    error_kinds,
    mention_score,
    places_of,
    recall_by,
)

TEXT = "Asthma, asthma and lung cancer in lungs"
ASTHMA: Place = ("abstract", 0, 6)
AGAIN: Place = ("abstract", 8, 14)
CANCER: Place = ("abstract", 19, 30)
LUNGS: Place = ("abstract", 34, 39)


def paper(*places: Place, ids: dict[Place, frozenset[str]] | None = None) -> AnnotatedPaper:
    annotations = [Annotation(f, s, e, TEXT[s:e], (ids or {}).get((f, s, e), frozenset())) for f, s, e in places]
    return AnnotatedPaper("1", "", TEXT, tuple(annotations))


def mention(place: Place, **ids: str) -> Mention:
    field, start, end = place
    return Mention(text=TEXT[start:end], field=field, start=start, end=end, disease="x", ids=DiseaseIds(**ids),
                   is_cancer=None, negated=False, confidence=1.0)  # fmt: skip


def test_a_mention_is_right_only_if_both_ends_are() -> None:
    score = mention_score([[ASTHMA, ("abstract", 24, 30)]], [paper(ASTHMA, CANCER)])

    assert (score.precision, score.recall, score.f1) == (0.5, 0.5, 0.5)


def test_by_document_a_spelling_counts_once_whatever_its_case() -> None:
    score = document_score([[ASTHMA]], [paper(ASTHMA, AGAIN, CANCER)])

    assert score.counts == ((1, 1, 2),)


def test_concepts_are_compared_by_mesh_and_omim_is_followed_there() -> None:
    ontology = DiseaseOntology([Disease("DOID:1", "lung cancer", xrefs=("OMIM:211980", "MESH:D008175"))])
    wanted = {ASTHMA: frozenset({"MESH:D001249"}), CANCER: frozenset({"OMIM:211980"}), AGAIN: frozenset({"OMIM:9"})}
    found = [mention(CANCER, mesh="D008175", doid="DOID:1"), mention(LUNGS, doid="DOID:7"), mention(AGAIN)]

    score = concept_score([found], [paper(ASTHMA, AGAIN, CANCER, ids=wanted)], ontology)

    assert score.counts == ((1, 2, 3),)


def test_a_concept_without_a_heading_is_right_by_its_own_id_though_a_wider_heading_is_given() -> None:
    ontology = DiseaseOntology([Disease("DOID:1", "lung cancer", xrefs=("OMIM:211980",))])
    wanted = {CANCER: frozenset({"OMIM:211980"}), ASTHMA: frozenset({"MESH:D001249"})}
    found = [mention(CANCER, mesh="D009369", doid="DOID:1"), mention(ASTHMA, mesh="D001249", doid="DOID:2841")]

    score = concept_score([found], [paper(ASTHMA, CANCER, ids=wanted)], ontology)

    assert score.counts == ((2, 2, 2),)


def test_seen_and_unseen_spellings_are_told_apart() -> None:
    papers, found = [paper(ASTHMA, AGAIN, CANCER)], [[ASTHMA, CANCER]]

    assert recall_by(lambda text: text == "asthma", found, papers) == (1, 2)
    assert recall_by(lambda text: text != "asthma", found, papers) == (1, 1)


def test_errors_are_counted_by_kind() -> None:
    kinds = error_kinds([[("abstract", 24, 30), LUNGS]], [paper(ASTHMA, CANCER)])

    assert kinds == {"wrong ends": 1, "marked by nobody": 1, "missed": 1}


def test_the_interval_is_about_the_figure() -> None:
    papers = [paper(ASTHMA, CANCER)] * 20
    found: list[list[Place]] = [[ASTHMA, CANCER]] * 10 + [[LUNGS]] * 10

    estimate = mention_score(found, papers).f1_estimate

    assert estimate.value == pytest.approx(mention_score(found, papers).f1)
    assert estimate.low < estimate.value < estimate.high


@given(st.lists(st.tuples(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef"))), min_size=1))
def test_f1_is_the_harmonic_mean_and_does_not_care_who_is_right(pairs: list[tuple[set[str], set[str]]]) -> None:
    found, wanted = zip(*pairs, strict=True)
    score, turned = Score.of(found, wanted), Score.of(wanted, found)

    assert 0 <= score.f1 <= 1
    assert (score.precision, score.recall, score.f1) == (turned.recall, turned.precision, turned.f1)
    if score.precision + score.recall:
        assert score.f1 == pytest.approx(2 * score.precision * score.recall / (score.precision + score.recall))


def test_nothing_found_where_nothing_is_wanted_is_no_division_by_zero() -> None:
    score = Score.of([[]], [[]])

    assert (score.precision, score.recall, score.f1) == (0, 0, 0)


def test_places_are_those_of_the_mentions() -> None:
    assert places_of([mention(ASTHMA)]) == [ASTHMA]
