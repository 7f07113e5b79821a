"""Papers to send."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.load.papers import ABSTRACT_CHARS, TITLE_CHARS, PaperSource, deciles_of, draw_length, make_text

DECILES = st.lists(st.integers(2, 10_000), min_size=11, max_size=11, unique=True).map(sorted)


@given(st.integers(), DECILES)
def test_lengths_lie_between_the_smallest_and_the_largest(seed: int, deciles: list[int]) -> None:
    assert deciles[0] <= draw_length(random.Random(seed), deciles) <= deciles[-1]


@given(st.integers(), DECILES)
def test_a_made_up_text_has_the_length_that_was_drawn(seed: int, deciles: list[int]) -> None:
    wanted = draw_length(random.Random(seed), deciles)
    # A space at the cut is dropped.
    assert wanted - 1 <= len(make_text(random.Random(seed), deciles)) <= wanted


def test_made_up_papers_have_the_lengths_of_real_ones() -> None:
    abstracts = [paper.abstract or "" for paper in PaperSource.made_up(seed=1).take(3000)]
    found = deciles_of([len(abstract) for abstract in abstracts])
    # The deciles themselves; smallest and largest are rare.
    for is_length, wanted in zip(found[1:-1], ABSTRACT_CHARS[1:-1], strict=True):
        assert is_length == pytest.approx(wanted, rel=0.08)


def test_no_text_is_sent_twice_and_ids_are_unique() -> None:
    source, other_worker = PaperSource.made_up(seed=1), PaperSource.made_up(seed=1)
    papers = [*source.take(500), *other_worker.take(500)]
    assert len({paper.title for paper in papers}) == len({paper.id for paper in papers}) == 1000


def test_the_seed_decides_on_the_texts() -> None:
    first, again, other = (PaperSource.made_up(seed=seed).take(1)[0].abstract for seed in (1, 1, 2))
    assert first == again != other


def test_real_papers_are_sent_as_they_are_but_for_the_serial_number(tmp_path: Path) -> None:
    (tmp_path / "papers.csv").write_text("id,title,abstract\n7,Asthma in children.,It is common.\n", encoding="utf-8")
    source = PaperSource.from_folder(tmp_path, seed=0)
    for paper in source.take(2):
        assert paper.title == f"Asthma in children. {paper.id}"
        assert paper.abstract == "It is common."


def test_a_folder_without_papers_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="leave it out"):
        PaperSource.from_folder(tmp_path, seed=0)


def test_deciles_are_those_of_the_lengths() -> None:
    assert deciles_of(range(101)) == (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
    assert len(TITLE_CHARS) == len(ABSTRACT_CHARS) == 11
