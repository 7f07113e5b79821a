"""One JSON object a line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve.formats import jsonl
from pubserve.formats.records import LABELS, Defect, Mention, PaperRecord, Reason

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
MENTIONS = st.builds(
    Mention, st.integers(0), st.integers(0), TEXTS, TEXTS, st.lists(TEXTS, max_size=2).map(lambda ids: tuple(ids))
)
PAPERS = st.builds(
    PaperRecord,
    st.text("0123456789", min_size=1),
    TEXTS,
    TEXTS,
    st.sampled_from([*LABELS, None]),
    st.lists(MENTIONS, max_size=2).map(lambda mentions: tuple(mentions)),
)


@given(st.lists(PAPERS))
def test_what_is_written_is_read_back_with_its_mentions(
    tmp_path_factory: pytest.TempPathFactory, papers: list[PaperRecord]
) -> None:
    file = tmp_path_factory.mktemp("jsonl") / "papers.jsonl"

    jsonl.write(papers, file)

    assert list(jsonl.read(file)) == list(enumerate(papers, 1))


def test_names_are_those_of_columns_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "papers.jsonl"
    file.write_text(
        '{"PMID": 1, "Title": "T.", "AbstractText": null}\n\n{"id": "2", "text": "Title. Text.", "year": 2000}\n'
    )

    assert list(jsonl.read(file)) == [(1, PaperRecord("1", "T.", "")), (3, PaperRecord("2", "Title.", "Text."))]


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "1", "title":',
        "[" * 100_000,
        '{"id": ' + "9" * 5000 + ', "title": "T."}',
        '["id", "title"]',
        '{"id": "1"}',
        '{"id": "1", "title": ["T."]}',
        '{"id": "1", "title": "T.", "mentions": [{"start": 0}]}',
    ],
)
def test_a_line_that_is_no_paper_is_malformed(line: str) -> None:
    found = jsonl.parse(line)

    assert isinstance(found, Defect)
    assert found.reason is Reason.MALFORMED
    assert "expected" in found.detail
