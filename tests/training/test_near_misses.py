"""The papers written for this project to try a classifier where counting words fails."""

import pytest

from serve.text.sentences import sentences
from training.baselines import keyword_rule
from training.data import LABELS
from training.near_misses import FIRST, NearMiss, read_near_misses

NEAR_MISSES = read_near_misses()


@pytest.mark.parametrize("near_misses", [NEAR_MISSES[:FIRST], NEAR_MISSES[FIRST:]], ids=["first", "blind"])
def test_both_labels_are_equally_frequent(near_misses: list[NearMiss]) -> None:
    labels = [near_miss.paper.label for near_miss in near_misses]

    assert [labels.count(label) for label in LABELS] == [30, 30]


def test_every_paper_has_its_own_id_and_text_and_says_what_could_mislead() -> None:
    assert len({near_miss.paper.id for near_miss in NEAR_MISSES}) == len(NEAR_MISSES)
    assert len({near_miss.paper.text for near_miss in NEAR_MISSES}) == len(NEAR_MISSES)
    assert all(near_miss.trap for near_miss in NEAR_MISSES)


def test_abstracts_are_a_few_sentences_long() -> None:
    for near_miss in NEAR_MISSES:
        assert 2 <= len(list(sentences(near_miss.paper.abstract))) <= 6, near_miss.paper.id


def test_counting_words_is_worse_than_chance() -> None:
    right = sum(keyword_rule(near.paper.text) == (near.paper.label == "Cancer") for near in NEAR_MISSES)

    assert right < len(NEAR_MISSES) / 2
