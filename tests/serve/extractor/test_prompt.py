"""The prompt holds the text as data, and the answer is read as far as it is whole."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serve.extractor.prompt import (
    PREFIX,
    PROMPT_FILE,
    BrokenAnswer,
    Generation,
    Prompt,
    answer_schema,
    build_prompt,
    prefix_of,
    read_names,
    write_names,
)


def generation(text: str, tokens: list[tuple[str, float]] | None = None) -> Generation:
    pieces = tokens or [(text, 0.0)]
    starts = [sum(len(piece) for piece, _ in pieces[:i]) for i in range(len(pieces))]
    return Generation(text, starts, [logprob for _, logprob in pieces], prompt_tokens=1, completion_tokens=len(pieces))


def names(text: str) -> list[str]:
    return [name.text for name in read_names(generation(text))]


@given(st.text(max_size=80))
def test_the_instructions_come_first_and_the_text_stays_inside_its_quotes(text: str) -> None:
    prompt = build_prompt(text)

    assert prompt.startswith(PREFIX)
    last_entry = prompt[len(PREFIX) :]
    quoted = last_entry.removeprefix("Text: ").removesuffix("\nDiseases:")
    assert json.loads(quoted) == text
    assert "\n" not in quoted


@given(st.lists(st.text(max_size=20), max_size=5))
def test_every_string_of_a_whole_answer_is_read(items: list[str]) -> None:
    assert names(write_names(items)) == items


def test_a_model_without_a_prompt_of_its_own_is_asked_with_ours(tmp_path: Path) -> None:
    assert Prompt.load(tmp_path) == Prompt(prefix=PREFIX, max_unit_chars=None)


def test_a_model_that_was_trained_on_another_prompt_brings_it(tmp_path: Path) -> None:
    prompt = Prompt(prefix=prefix_of((), "List the diseases."), max_unit_chars=300)

    prompt.save(tmp_path)

    assert Prompt.load(tmp_path) == prompt
    assert build_prompt("Gout.", prompt.prefix) == 'List the diseases.\n\nText: "Gout."\nDiseases:'


def test_a_prompt_that_cannot_be_read_is_no_silent_default(tmp_path: Path) -> None:
    (tmp_path / PROMPT_FILE).write_text('{"prefiks": ""}')

    with pytest.raises(ValidationError, match="prefiks"):
        Prompt.load(tmp_path)


@pytest.mark.parametrize(
    "text", ['["asthma", "lung can', '["asthma", "a\\', "", '"asthma"', '[["asthma"]]', '["asthma"] ["gout"]']
)
def test_an_answer_that_is_no_whole_list_of_strings_is_broken(text: str) -> None:
    with pytest.raises(BrokenAnswer):
        names(text)


def test_confidence_is_the_geometric_mean_over_the_tokens_of_a_name() -> None:
    tokens = [("[", -5.0), ('"asth', math.log(0.5)), ('ma"', math.log(0.125)), ("]", -5.0)]

    [name] = read_names(generation('["asthma"]', tokens))

    assert math.isclose(name.confidence, 0.25)


def test_the_schema_bounds_how_much_can_be_written() -> None:
    schema = answer_schema(max_items=3, max_item_chars=10)

    assert (schema["maxItems"], schema["items"]["maxLength"]) == (3, 10)
