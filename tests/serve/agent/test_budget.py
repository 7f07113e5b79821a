"""What a run may ask of the language model is reserved before it is asked."""

import pytest

from serve.agent.budget import Budget, OutOfBudget
from serve.agent.messages import Limit, Spent


def test_calls_are_counted_over_the_whole_run() -> None:
    budget = Budget(3, 1_000, Spent(llm_calls=2))
    budget.reserve(40, 10)

    with pytest.raises(OutOfBudget) as error:
        budget.reserve(40, 10)

    assert error.value.limit is budget.reached is Limit.LLM_CALLS


def test_a_call_that_could_go_beyond_the_tokens_is_not_made() -> None:
    budget = Budget(3, 100, Spent(prompt_tokens=50))

    with pytest.raises(OutOfBudget) as error:
        budget.reserve(200, 10)

    assert error.value.limit is Limit.LLM_TOKENS
    assert budget.spent == Spent()


def test_what_a_call_did_not_use_is_there_for_the_next() -> None:
    budget = Budget(3, 100, Spent())
    budget.settle(budget.reserve(200, 50), prompt_tokens=30, completion_tokens=10)

    budget.settle(budget.reserve(200, 10), prompt_tokens=50, completion_tokens=10)

    assert budget.spent == Spent(llm_calls=2, prompt_tokens=80, completion_tokens=20)
