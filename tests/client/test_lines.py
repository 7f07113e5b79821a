"""The hash of what is asked about a paper, and an answer as a line."""

import json

import pytest

from pubserve import Paper
from pubserve.lines import input_hash, line_of

ONE = Paper(id="1", title="On cancer.")


@pytest.mark.parametrize(
    "other",
    [Paper(id="2", title="On cancer."), Paper(id="1", title="On"), Paper(id="1", abstract="On cancer.")],
)
def test_another_id_or_text_is_another_paper(other: Paper) -> None:
    assert input_hash(other, ["labels"]) != input_hash(ONE, ["labels"])


def test_asking_for_something_else_is_another_question_in_any_order() -> None:
    assert input_hash(ONE, ["labels"]) != input_hash(ONE, ["labels", "summary"])
    assert input_hash(ONE, ["summary", "labels"]) == input_hash(ONE, ["labels", "summary"])


@pytest.mark.parametrize("text", ["Sjögren", "a\nb", "\ud800"])
def test_a_line_is_one_line_of_json_whatever_the_text(text: str) -> None:
    line = line_of({"text": text})

    assert line.count(b"\n") == 1
    assert json.loads(line) == {"text": text}
