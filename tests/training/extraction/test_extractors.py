"""Lists of names as extractors: they find what they list, and the longest at each place."""

import pytest

from serve.extractor.normalisation import Normaliser
from serve.extractor.vocabulary import Disease, DiseaseOntology
from training.extraction.corpus import AnnotatedPaper, Annotation
from training.extraction.extractors import Lexicon, training_names

NORMALISER = Normaliser.of(DiseaseOntology([Disease("DOID:1", "lung cancer")]), [])


def found(names: list[str], abstract: str) -> list[str]:
    [mentions] = Lexicon("list", names, NORMALISER).mentions([AnnotatedPaper("1", "", abstract, ())])
    return [mention.text for mention in mentions]


def test_names_are_found_however_they_are_inflected() -> None:
    assert found(["lung cancer", "asthma"], "Lung cancers, and Asthma.") == ["Lung cancers", "Asthma"]


def test_the_longest_name_at_a_place_counts() -> None:
    assert found(["cancer", "lung cancer"], "A lung cancer, a cancer.") == ["lung cancer", "cancer"]


@pytest.mark.parametrize("text", ["All patients had it.", "It was all there."])
def test_an_abbreviation_is_no_word(text: str) -> None:
    assert found(["ALL"], text) == []
    assert found(["ALL"], "It was ALL.") == ["ALL"]


def test_a_list_of_nothing_finds_nothing() -> None:
    assert found(["a", "7", "-"], "a 7 - b") == []


def test_training_names_are_the_spellings_of_the_annotations() -> None:
    papers = [AnnotatedPaper("1", "Asthma", "", (Annotation("title", 0, 6, "Asthma"),))] * 2

    assert training_names(papers) == ["Asthma"]
