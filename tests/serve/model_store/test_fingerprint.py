"""A revision is a function of content, and of nothing else."""

import random
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from serve.model_store.fingerprint import hash_files, revision_of

NAMES = st.text(min_size=1, max_size=20)
PINS = st.dictionaries(NAMES, st.text(max_size=70), max_size=6)


@given(pins=PINS, order=st.randoms())
def test_the_order_of_the_pins_does_not_matter(pins: dict[str, str], order: random.Random) -> None:
    shuffled = list(pins.items())
    order.shuffle(shuffled)

    assert revision_of(dict(shuffled), "causal-lm") == revision_of(pins, "causal-lm")


@given(one=st.tuples(PINS, NAMES, NAMES), other=st.tuples(PINS, NAMES, NAMES))
def test_two_revisions_are_the_same_only_for_the_same_content(
    one: tuple[dict[str, str], str, str], other: tuple[dict[str, str], str, str]
) -> None:
    assert (revision_of(*one) == revision_of(*other)) == (one == other)


@given(pins=PINS)
def test_a_revision_can_be_part_of_a_path_and_of_an_identifier(pins: dict[str, str]) -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", revision_of(pins, "causal-lm"))


def test_files_are_hashed_by_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"same")
    (tmp_path / "b").write_bytes(b"same")
    (tmp_path / "c").write_bytes(b"different")

    digests = hash_files(tmp_path, ["c", "b", "a"])

    assert list(digests) == ["a", "b", "c"]
    assert digests["a"] == digests["b"] != digests["c"]
