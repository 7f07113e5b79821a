"""A row is a prompt as serving writes it and an answer as the engine writes it; only the answer is learnt."""

import json
from pathlib import Path
from typing import Any

import pytest
from xgrammar import Grammar
from xgrammar.testing import _is_grammar_accept_string

from serve.extractor.prompt import Example, Prompt, answer_schema, build_prompt, prefix_of, write_names
from training.backbone import load_tokenizer
from training.batches import NO_LABEL
from training.config import GeneratorConfig
from training.extraction.generator.batches import AnswerBatches

from .conftest import INSTRUCTIONS

PROMPT = Prompt(prefix=prefix_of((), INSTRUCTIONS))
EXAMPLES: list[Example] = [
    ("asthma in the lung .", ["asthma"]),
    ("the .", []),
    ("no asthma of cancer", ["asthma", "cancer"]),
]


@pytest.fixture
def tokenizer(config: GeneratorConfig) -> Any:
    return load_tokenizer(Path(config.base))


def rows(batches: AnswerBatches) -> dict[tuple[int, ...], list[int]]:
    """The ids of each row and the labels beside them, without padding."""
    found = {}
    for batch in (batches[index] for index in range(len(batches))):
        for ids, mask, labels in zip(batch["input_ids"], batch["attention_mask"], batch["labels"], strict=True):
            assert (labels[mask == 0] == NO_LABEL).all()
            found[tuple(ids[mask == 1].tolist())] = labels[mask == 1].tolist()
    return found


def test_the_prompt_is_masked_and_the_answer_with_its_end_is_not(tokenizer: Any) -> None:
    found = rows(AnswerBatches(EXAMPLES, tokenizer, PROMPT, max_tokens=64, batch_tokens=64))

    assert len(found) == len(EXAMPLES)
    for text, names in EXAMPLES:
        asked = tokenizer(build_prompt(text, PROMPT.prefix))["input_ids"]
        answer = [*tokenizer(write_names(names), add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        assert found[(*asked, *answer)] == [NO_LABEL] * len(asked) + answer


def test_a_row_that_is_too_long_is_left_out(tokenizer: Any) -> None:
    batches = AnswerBatches(
        [*EXAMPLES, ("asthma " * 60, ["asthma"])], tokenizer, PROMPT, max_tokens=64, batch_tokens=64
    )

    assert len(rows(batches)) == len(EXAMPLES)
    assert batches.tokens == sum(map(len, rows(batches)))


@pytest.mark.parametrize("names", [[], ["asthma"], ["Behçet's disease", "Sjögren-Larsson syndrome (SLS)"]])
def test_an_answer_is_written_as_the_schema_lets_the_engine_write_it(names: list[str]) -> None:
    schema = json.dumps(answer_schema(max_items=8, max_item_chars=80))
    grammar = Grammar.from_json_schema(schema, any_whitespace=False)  # as in `engine_config`

    assert _is_grammar_accept_string(grammar, write_names(names))
