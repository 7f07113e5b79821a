"""What a run keeps on disk, and what the next one makes of it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve import InvalidArgument, Paper
from pubserve._journal import Journal
from pubserve._work import failure
from pubserve.errors import PubserveError
from pubserve.lines import input_hash
from pubserve.testing import read_words

ONE, TWO = Paper(id="1", title="On cancer."), Paper(id="2", title="On asthma.")


def hash_of(paper: Paper) -> str:
    return input_hash(paper, ["labels"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.jsonl"


def test_what_is_written_is_there_for_the_next_run(path: Path) -> None:
    with Journal(path) as journal:
        journal.add(hash_of(ONE), read_words(ONE))
        assert journal.get(hash_of(ONE)) == read_words(ONE)
    with Journal(path) as journal:
        journal.add(hash_of(TWO), read_words(TWO))

        assert journal.get(hash_of(ONE)) == read_words(ONE)
        assert journal.get(hash_of(TWO)) == read_words(TWO)


def test_a_result_is_on_disk_as_soon_as_it_is_added(path: Path) -> None:
    with Journal(path) as journal:
        journal.add(hash_of(ONE), read_words(ONE))

        [line] = path.read_text().splitlines()
        assert json.loads(line)["abstract_id"] == "1"


def test_one_paper_has_one_line_however_often_it_is_answered(path: Path) -> None:
    with Journal(path) as journal:
        journal.add(hash_of(ONE), read_words(ONE))
        journal.add(hash_of(ONE), read_words(ONE))

    assert len(path.read_text().splitlines()) == 1


def test_failures_are_dropped_so_that_they_are_asked_about_again(path: Path) -> None:
    with Journal(path) as journal:
        journal.add(hash_of(TWO), failure("2", PubserveError("gave up")))
        journal.add(hash_of(ONE), read_words(ONE))
    with Journal(path) as journal:
        assert journal.get(hash_of(TWO)) is None
        assert journal.get(hash_of(ONE)) == read_words(ONE)

        journal.add(hash_of(TWO), read_words(TWO))
    assert [json.loads(line)["abstract_id"] for line in path.read_text().splitlines()] == ["1", "2"]


@given(st.data())
def test_a_process_killed_at_any_byte_loses_at_most_the_line_it_was_writing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("run") / "answers.jsonl"
    with Journal(path) as journal:
        journal.add(hash_of(ONE), read_words(ONE))
        first = path.stat().st_size
        journal.add(hash_of(TWO), read_words(TWO))
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(first, len(whole) - 1))])

    with Journal(path) as journal:
        assert hash_of(ONE) in journal
        assert hash_of(TWO) not in journal
        journal.add(hash_of(TWO), read_words(TWO))

    assert path.read_bytes() == whole


@pytest.mark.parametrize("line", ["not JSON", "[]", '{"id": "1", "title": "T."}', '{"input_hash": "xyz"}'])
def test_a_file_that_no_run_wrote_is_left_alone(path: Path, line: str) -> None:
    path.write_text(f"{line}\n")

    with pytest.raises(InvalidArgument, match=r"answers\.jsonl:1: not a line that analyze_many wrote"):
        Journal(path)
    assert path.read_text() == f"{line}\n"


def test_texts_that_utf8_cannot_carry_are_kept_too(path: Path) -> None:
    odd = Paper(id="\ud800", title="On cancer.")
    with Journal(path) as journal:
        journal.add(hash_of(odd), read_words(odd))
    with Journal(path) as journal:
        assert journal.get(hash_of(odd)) == read_words(odd)
