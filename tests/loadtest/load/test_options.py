"""What a run is told."""

from argparse import ArgumentParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loadtest.load.options import LoadOptions, add_options
from loadtest.load.shapes import Shape


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("2h1s", 7201)])
def test_durations_are_written_as_people_do(text: str, seconds: int) -> None:
    assert LoadOptions(duration=text).duration == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "-5m", "0s"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="duration"):
        LoadOptions(duration=text)


OPTIONS = st.builds(
    LoadOptions,
    shape=st.sampled_from(list(Shape)),
    callers=st.integers(1, 1000),
    duration=st.integers(1, 100_000),
    papers=st.sampled_from([None, Path("papers"), Path("a folder/papers.csv")]),
    seed=st.integers(0, 99),
    bulk_deadline_s=st.floats(0.001, 1e6),
    levels_for=st.sampled_from(["cpu", "gpu"]),
)


@given(OPTIONS)
def test_options_come_through_locusts_command_line(options: LoadOptions) -> None:
    parser = ArgumentParser()
    add_options(parser)
    assert LoadOptions.model_validate(vars(parser.parse_args(options.arguments()))) == options


def test_options_have_the_same_defaults_there() -> None:
    parser = ArgumentParser()
    add_options(parser)
    assert LoadOptions.model_validate(vars(parser.parse_args([]))) == LoadOptions()


def test_each_kind_of_request_has_its_deadline() -> None:
    options = LoadOptions(interactive_deadline_s=2, bulk_deadline_s=60)
    assert (options.deadline_s("interactive"), options.deadline_s("bulk")) == (2, 60)
