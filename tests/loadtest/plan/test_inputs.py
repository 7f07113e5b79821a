"""Lengths and speeds: tokens of a paper, and what padding costs where a speed does not hold it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.plan.inputs import Lengths, Speed, Speeds


def test_a_paper_is_as_long_as_title_and_abstract_together() -> None:
    assert Lengths.of([("Asthma.", "It is common."), ("Sepsis.", "")]).chars == (20, 7)


def test_what_the_model_cuts_is_not_counted() -> None:
    assert Speed(tokens_per_s=1, chars_per_token=4, max_tokens=100).tokens(Lengths(chars=(40, 4000))) == 55


def test_a_measured_speed_has_its_padding_in_it() -> None:
    assert Speed(tokens_per_s=100, chars_per_token=1).padding(Lengths(chars=(10, 1000))) == 0


def test_a_speed_stated_for_full_batches_is_lowered_by_padding() -> None:
    stated = Speed(tokens_per_s=300, chars_per_token=1, dense_batch_tokens=400)

    # One batch of two rows, each as long as the longer one: 300 of its 400 tokens are text.
    lengths = Lengths(chars=(200, 100))

    assert stated.padding(lengths) == pytest.approx(0.25)
    assert stated.papers_per_s(lengths) == pytest.approx(300 * 0.75 / 150)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=200))
def test_padding_is_a_share(chars: list[int]) -> None:
    padding = Speed(tokens_per_s=1, dense_batch_tokens=2048).padding(Lengths(chars=tuple(chars)))

    assert 0 <= padding < 1


def test_speeds_are_the_same_after_a_file(tmp_path: Path) -> None:
    speeds = Speeds(classifier=Speed(tokens_per_s=900.5), extractor=Speed(tokens_per_s=30), in_company=0.8)
    speeds.save(tmp_path / "speeds.json")

    assert Speeds.load(tmp_path / "speeds.json") == speeds
