"""A classifier is served exactly what it was trained on."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serve.classifier.input import ClassifierInput
from serve.text.cleaning import DEFAULT_STEPS
from serve.text.document import Document

CLOSING = 9


class Characters:
    """A tokenizer of one token a character; an encoder's closes every text with a token of its own."""

    def __init__(self, *, is_encoder: bool = False) -> None:
        self.all_special_ids = [CLOSING] if is_encoder else []

    def __call__(self, texts: str | list[str], add_special_tokens: bool = True) -> "Characters":
        def ids(text: str) -> list[int]:
            return [ord(char) for char in text] + (self.all_special_ids if add_special_tokens else [])

        self.input_ids = ids(texts) if isinstance(texts, str) else [ids(text) for text in texts]
        return self


def paper(title: str, abstract: str = "") -> Document:
    return Document(title, abstract)


def test_title_and_abstract_are_cleaned_and_joined() -> None:
    reads = ClassifierInput()

    assert reads.text(paper("[Gout in Chile].", "We  saw <i>urate</i>.")) == "Gout in Chile.\nWe saw urate."
    assert reads.text(paper("Gout.", "")) == "Gout."
    assert reads.text(paper("", "We saw urate.")) == "We saw urate."


def test_steps_of_cleaning_can_be_left_out() -> None:
    assert ClassifierInput(cleaning=("markup",)).text(paper("[Gout].", "<i>Urate</i>")) == "[Gout].\nUrate"


def test_the_suffix_follows_every_text_and_is_never_cut_off() -> None:
    reads = ClassifierInput(suffix="?!")

    short, long = reads.encode(Characters(), [paper("abc"), paper("abcdefgh")], max_tokens=6)

    assert ("".join(map(chr, short.ids)), short.truncated) == ("abc?!", False)
    assert ("".join(map(chr, long.ids)), long.truncated) == ("abcd?!", True)


def test_an_encoders_closing_token_stays_last() -> None:
    (long,) = ClassifierInput().encode(Characters(is_encoder=True), [paper("abcdefgh")], max_tokens=4)

    assert long.ids == [*map(ord, "abc"), CLOSING]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4), st.integers(3, 20))
def test_no_row_is_longer_than_asked(titles: list[str], max_tokens: int) -> None:
    rows = ClassifierInput(suffix="??").encode(Characters(), [paper(title) for title in titles], max_tokens=max_tokens)

    assert len(rows) == len(titles)
    assert all(2 <= len(row.ids) <= max_tokens for row in rows)


def test_it_comes_back_from_disk_with_every_step_by_name(tmp_path: Path) -> None:
    reads = ClassifierInput(suffix="\nWhat?")

    reads.save(tmp_path)

    assert ClassifierInput.load(tmp_path) == reads
    assert json.loads((tmp_path / "input.json").read_text())["cleaning"] == list(DEFAULT_STEPS)


def test_a_step_that_does_not_exist_is_named() -> None:
    with pytest.raises(ValidationError, match="no cleaning step is called polish; there are notices,"):
        ClassifierInput(cleaning=("polish",))
