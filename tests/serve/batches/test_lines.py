"""Input files: what is a request, and what is said of everything else."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.batches.lines import MAX_ERRORS, Checked, InputFile
from tests.serve.batches.services import line, paper

MAX_LINE_BYTES = 1_000
GOOD = line("a", paper("Asthma."))


def input_file(path: Path, content: bytes) -> InputFile:
    (path / "in.jsonl").write_bytes(content)
    return InputFile(path / "in.jsonl", "/v1/analyze", MAX_LINE_BYTES)


def check(path: Path, *lines: str | bytes) -> Checked:
    content = b"\n".join(one.encode() if isinstance(one, str) else one for one in lines)
    return input_file(path, content).check(max_lines=200)


def test_a_good_file_is_counted(tmp_path: Path) -> None:
    checked = check(tmp_path, GOOD, line("b", {"model": "pubserve"}))

    assert (checked.total, checked.model, checked.errors) == (2, "pubserve", [])


@pytest.mark.parametrize(
    ("bad", "code", "param"),
    [
        ("no JSON", "invalid_json_line", None),
        ("[" * 900, "invalid_json_line", None),
        ("[1, 2]", "invalid_json_line", None),
        (GOOD[: len(GOOD) // 2], "invalid_json_line", None),
        (GOOD.encode().replace(b"Asthma", b"Asthma\xe9"), "invalid_encoding", None),
        (GOOD.encode("utf-16"), "invalid_encoding", None),
        ("x" * (MAX_LINE_BYTES + 1), "line_too_long", None),
        (json.dumps({"method": "POST", "url": "/v1/analyze", "body": {}}), "missing_required_parameter", "custom_id"),
        (line("", {}), "invalid_custom_id", "custom_id"),
        (line("x" * 513, {}), "invalid_custom_id", "custom_id"),
        (line("b", {}, custom_id=7), "invalid_type", "custom_id"),
        (line("a", {}), "duplicate_custom_id", "custom_id"),
        (line("b", {}, method="GET"), "invalid_method", "method"),
        (line("b", {}, method=None), "missing_required_parameter", "method"),
        (line("b", {}, "/v1/classify"), "mismatched_url", "url"),
        (line("b", None), "missing_required_parameter", "body"),
        (line("b", ["papers"]), "invalid_type", "body"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, bad: str | bytes, code: str, param: str | None) -> None:
    checked = check(tmp_path, GOOD, bad, line("c", {}))

    [error] = [error for error in checked.errors if error.line == 2]
    assert (error.code, error.param) == (code, param)
    assert error.message
    assert checked.total >= 3 or code == "invalid_encoding"


def test_every_bad_line_is_named_up_to_a_number(tmp_path: Path) -> None:
    assert [error.line for error in check(tmp_path, "?", GOOD, "?").errors] == [1, 3]
    assert len(check(tmp_path, *["?"] * (MAX_ERRORS + 50)).errors) == MAX_ERRORS


@pytest.mark.parametrize("content", [b"", b"\n\n  \n"])
def test_a_file_without_lines_is_an_error(tmp_path: Path, content: bytes) -> None:
    [error] = input_file(tmp_path, content).check(max_lines=200).errors

    assert (error.code, error.line) == ("empty_file", None)


def test_too_many_lines_are_an_error(tmp_path: Path) -> None:
    [error] = check(tmp_path, *[line(str(n), {}) for n in range(201)]).errors

    assert error.code == "too_many_lines"
    assert "200" in error.message


def test_blank_lines_and_what_other_systems_write_are_no_mistakes(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + GOOD.encode() + b"\r\n\r\n" + line("b", {}).encode() + b"\r\n"
    file = input_file(tmp_path, content)

    assert file.check(max_lines=200).errors == []
    assert [(one.number, one.custom_id) for group in file.groups((), 10_000) for one in group] == [(1, "a"), (3, "b")]


def test_the_message_quotes_nothing_of_a_line(tmp_path: Path) -> None:
    [error] = check(tmp_path, GOOD.replace("POST", "secret words")).errors

    assert "secret" not in error.message


@given(
    ids=st.lists(st.text(min_size=1, max_size=20), unique=True, min_size=1, max_size=60),
    done=st.sets(st.integers(1, 60)),
    group_bytes=st.integers(1, 2_000),
)
def test_groups_hold_every_line_that_is_not_done_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], done: set[int], group_bytes: int
) -> None:
    lines = [line(custom_id, {"n": n}) for n, custom_id in enumerate(ids, 1)]
    file = input_file(tmp_path_factory.mktemp("groups"), "\n".join(lines).encode())

    groups = list(file.groups(done, group_bytes))

    found = [(one.number, one.custom_id) for group in groups for one in group]
    assert found == [(n, custom_id) for n, custom_id in enumerate(ids, 1) if n not in done]
    assert all(sum(len(lines[one.number - 1]) for one in group[:-1]) < group_bytes for group in groups)
