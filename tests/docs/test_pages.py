"""Commands are found in scripts as a shell would find them."""

import pytest

from tests.docs.pages import commands_in


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("make serve", [["make", "serve"]]),
        ("make serve    # on port 8000; it's enough", [["make", "serve"]]),
        ("a -d '{\n \"b\": 1}'\nc", [["a", "-d", '{\n "b": 1}'], ["c"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("a | b 'c | d' && e; f", [["a"], ["b", "c | d"], ["e"], ["f"]]),
        ("a b > c.txt", [["a", "b"]]),
        ("", []),
    ],
)
def test_words_of_a_script(script: str, words: list[list[str]]) -> None:
    assert [command.words for command in commands_in(script, "here")] == words


def test_what_is_set_for_one_command_is_no_word_of_it() -> None:
    [command] = commands_in("A__B=1 C='[\"d\"]' make serve PROFILE=gpu", "here")

    assert command.environment == {"A__B": "1", "C": '["d"]'}
    assert command.words == ["make", "serve", "PROFILE=gpu"]


def test_a_remark_stands_behind_a_gap() -> None:
    [command] = commands_in("pubserve status      ready? models, replicas", "here", remarks=True)

    assert command.words == ["pubserve", "status"]


def test_a_quotation_that_is_not_closed_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="here"):
        list(commands_in("a 'b", "here"))
