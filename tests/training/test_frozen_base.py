"""The untouched base and a linear model: what fine-tuning has to beat."""

import pytest

from tests.training.conftest import save_base
from training.config import TrainingConfig
from training.data import LabelledPaper
from training.frozen_base import FrozenBase


@pytest.fixture(params=["bert", "gemma"])
def settings(
    request: pytest.FixtureRequest, config: TrainingConfig, tmp_path_factory: pytest.TempPathFactory
) -> TrainingConfig:
    base = save_base(tmp_path_factory.mktemp(request.param), request.param)
    return config.model_copy(update={"base": str(base)})


def test_it_learns_from_what_the_base_makes_of_texts(settings: TrainingConfig, papers: list[LabelledPaper]) -> None:
    frozen = FrozenBase(settings)

    confidences = frozen.fit(papers).confidences(papers)

    right = [(given > 0.5) == (paper.label == "Cancer") for paper, given in zip(papers, confidences, strict=True)]
    assert all(0 <= given <= 1 for given in confidences)
    assert sum(right) > 0.8 * len(papers)
    assert frozen.parameters > 1000


def test_each_paper_gets_its_own_confidence_in_whatever_order_they_come(
    settings: TrainingConfig, papers: list[LabelledPaper]
) -> None:
    known, new = papers[:30], papers[30:]

    forwards = FrozenBase(settings).fit(known).confidences(new)
    backwards = FrozenBase(settings).fit(known).confidences(new[::-1])

    assert backwards[::-1] == pytest.approx(forwards, abs=1e-4)
    assert len(set(forwards)) > 1
