"""Every command of `pubserve` teaches by example in its `--help`, and the examples are true."""

import re
from typing import Any

import pytest

from pubserve.cli.parts import PARTS
from tests.docs.pages import commands_in
from tests.docs.test_names import check
from tools.docs.commands import PROGRAMS, walk

_EXAMPLE = re.compile(r"^ +(pubserve [a-z](?:.*\\\n)*.*)$", re.MULTILINE)


def command_of(name: str) -> Any:
    own = PROGRAMS["pubserve"].command.commands
    if name not in PARTS:
        return own[name]
    within = PARTS[name].within
    return PROGRAMS[f"pubserve {within}"].command.commands[name] if within else PROGRAMS[f"pubserve {name}"].command


@pytest.mark.parametrize("name", ["analyze", "status", *PARTS])
def test_help_shows_examples_that_can_be_typed(name: str) -> None:
    helps = [command.help or "" for _, command in walk(name, command_of(name))]
    examples = [example for said in helps for example in _EXAMPLE.findall(said)]

    assert any(example.startswith(f"pubserve {name}") for example in examples)
    for example in examples:
        for command in commands_in(example, f"help of {name}", remarks=True):
            check(command, complete=True)
