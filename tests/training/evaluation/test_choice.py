"""Which model to run."""

import pytest

from tests.training.evaluation.strategies import predictions
from training.evaluation import Predictions, Running, choose


def model(name: str, right: int) -> Predictions:
    return predictions([True] * 50 + [False] * 50, [0.9] * right + [0.1] * (100 - right), model=name)


RUNNING = {
    "large": Running(parameters=4_000_000_000, papers_per_s=10, price_per_hour=3.6),
    "small": Running(parameters=270_000_000, papers_per_s=100, price_per_hour=3.6),
}


def test_cost_is_the_price_of_the_time_a_million_papers_take() -> None:
    assert RUNNING["large"].cost_per_million_papers == pytest.approx(100)


def test_the_cheaper_of_two_models_is_chosen_if_the_papers_do_not_tell_them_apart() -> None:
    choice = choose([model("large", 50), model("small", 49)], RUNNING)

    assert choice.model == "small"
    assert choice.as_good == ("large", "small")
    assert "small costs 10.00 per million papers against 100.00 of large" in choice.reason


def test_a_model_that_is_worse_is_not_chosen_for_its_price() -> None:
    choice = choose([model("small", 30), model("large", 50)], RUNNING)

    assert choice.model == "large"
    assert choice.as_good == ("large",)
