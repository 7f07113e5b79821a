"""Bases tried out on a few papers: drawn the same way each time, and never from those that figures are reported on."""

from pathlib import Path

import pytest

from training.config import TaggerConfig
from training.extraction.backbones import few, try_out
from training.extraction.corpus import AnnotatedPaper, Parts

Papers = list[AnnotatedPaper]


@pytest.fixture
def parts(papers: Papers) -> Parts:
    return Parts(train=papers[:30], dev=papers[30:36], test={"other": papers[36:]})


def test_the_same_few_papers_are_drawn_for_every_base_and_none_to_report_on(parts: Parts) -> None:
    drawn = few(parts, 12, seed=17)

    assert drawn == few(parts, 12, seed=17)
    assert (len(drawn.train), len(drawn.dev), drawn.test) == (12, 3, {})
    assert all(paper in parts.train for paper in drawn.train)
    assert all(paper in parts.dev for paper in drawn.dev)


def test_more_than_there_are_is_all_there_are(parts: Parts) -> None:
    drawn = few(parts, 1000, seed=17)

    assert (len(drawn.train), len(drawn.dev)) == (30, 6)


def test_a_trial_says_how_well_and_how_fast_the_trained_tagger_reads(
    parts: Parts, config: TaggerConfig, tmp_path: Path
) -> None:
    trial = try_out(config, parts, tmp_path)

    assert trial.base == config.base
    assert trial.f1 >= 0.9
    assert trial.read_per_s > 0
    assert trial.seconds > 0
