"""The prompt holds the text as data, and the answer is read as far as it is whole."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.prompt import PREFIX, BrokenAnswer, Generation, answer_schema, build_prompt, read_names


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
    assert names(json.dumps(items)) == items


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
