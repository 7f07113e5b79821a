"""The same papers, written otherwise."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.baselines import keyword_rule
from training.data import LabelledPaper
from training.perturbations import (
    MASK,
    PERTURBATIONS,
    SPELLINGS,
    first_half,
    mask_cancer_words,
    misread,
    swap_spelling,
)

PAPER = LabelledPaper("7", "Oesophageal tumour", "It grows. It spreads to the liver. Nothing stops it.", "Cancer")


def test_words_for_cancer_are_masked_whole() -> None:
    masked = mask_cancer_words("Adenocarcinoma, non-cancer pain, ANTITUMOR drugs and metastases of leukaemia")

    assert masked == "Condition, non-condition pain, CONDITION drugs and condition of condition"


@given(st.lists(st.sampled_from(["cancer", "Tumours", "LYMPHOMA", "glioblastoma", "the", "neoplasm."])))
def test_the_keyword_rule_finds_nothing_in_a_masked_text(words: list[str]) -> None:
    assert not keyword_rule(mask_cancer_words(" ".join(words)))


def test_what_is_not_cancer_is_not_masked() -> None:
    text = "Stomach ulcers, a cantilever and the coma scale"

    assert mask_cancer_words(text) == text
    assert MASK not in text


def test_british_spelling_becomes_american_and_the_other_way_round() -> None:
    assert swap_spelling("Tumour and LEUKAEMIA, esophageal edema") == "Tumor and LEUKEMIA, oesophageal oedema"


def test_stems_inside_other_words_are_left_alone() -> None:
    text = "Chemotherapy of colorectal disease, laboratory values, literature, characteristic academia"

    assert swap_spelling(text) == text


@given(st.lists(st.sampled_from([form for pair in SPELLINGS for form in pair]), max_size=20))
def test_swapping_twice_gives_the_text_back(stems: list[str]) -> None:
    text = " ".join(stems)

    assert swap_spelling(swap_spelling(text)) == text
    assert not stems or swap_spelling(text) != text


def test_the_first_half_ends_with_a_sentence() -> None:
    assert first_half(PAPER).abstract == "It grows."
    assert first_half(replace(PAPER, abstract="One sentence longer than a half.")).abstract.endswith("half.")
    assert first_half(replace(PAPER, abstract="")).abstract == ""


@given(st.text(alphabet="abc. A\n", max_size=80))
def test_the_first_half_is_a_beginning_of_the_abstract(abstract: str) -> None:
    assert abstract.startswith(first_half(replace(PAPER, abstract=abstract)).abstract)


def test_a_scan_misreads_the_same_letters_every_time() -> None:
    paper = replace(PAPER, abstract="turn colour until corner " * 20)

    assert misread(paper) == misread(paper)
    assert misread(paper) != misread(paper, seed=18)
    assert misread(paper, share=0.0) == paper
    read, written = misread(paper, share=1.0).abstract.split(), paper.abstract.split()
    assert all(word != original for word, original in zip(read, written, strict=True))


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_perturbed_paper_is_the_same_paper_otherwise_written(name: str) -> None:
    perturbed = PERTURBATIONS[name](PAPER)

    assert (perturbed.id, perturbed.label) == (PAPER.id, PAPER.label)
    assert perturbed.text.strip()
    assert PERTURBATIONS[name](PAPER) == perturbed
