"""Our annotations stand where they say in the papers, and belong to no other text."""

from itertools import pairwise
from pathlib import Path

import pytest

from training.extraction.annotations import read_annotated, read_marked

ABSTRACTS = Path(__file__).parents[4] / "shared" / "data" / "abstracts"


def test_mentions_of_a_paper_do_not_overlap_and_stand_in_reading_order() -> None:
    for paper in read_marked():
        places = [(mention.field != "title", mention.start, mention.end) for mention in paper.mentions]
        assert places == sorted(places), paper.pmid
        for before, after in pairwise(places):
            assert before[0] < after[0] or before[2] <= after[1], paper.pmid


def test_no_paper_was_annotated_twice() -> None:
    pmids = [paper.pmid for paper in read_marked()]

    assert len(set(pmids)) == len(pmids) == 60


@pytest.mark.skipif(not ABSTRACTS.is_dir(), reason=f"there are no abstracts in {ABSTRACTS}")
def test_every_mention_is_in_its_paper() -> None:
    papers = read_annotated(ABSTRACTS)

    marked = [(a.text, getattr(paper, a.field)[a.start : a.end]) for paper in papers for a in paper.annotations]
    assert len(marked) > 500
    assert all(text == there for text, there in marked)


def write_paper(folder: Path, title: str) -> Path:
    (folder / "1.txt").write_text(f"<ID:1>\nTitle: {title}\nAbstract: None had gout.\n")
    return folder


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    path = tmp_path / "marked.jsonl"
    path.write_text(
        '{"pmid": "1", "mentions": [{"field": "title", "start": 3, "end": 9, "text": "asthma", "kind": "other"}]}\n'
    )
    return path


def test_annotations_and_papers_are_put_together(tmp_path: Path, marked: Path) -> None:
    (tmp_path / "papers").mkdir()

    [paper] = read_annotated(write_paper(tmp_path / "papers", "On asthma"), marked)

    assert (paper.id, paper.title, paper.abstract) == ("1", "On asthma", "None had gout.")
    assert [(a.field, a.text, a.concept_ids) for a in paper.annotations] == [("title", "asthma", frozenset())]


def test_another_text_than_was_annotated_is_said(tmp_path: Path, marked: Path) -> None:
    (tmp_path / "papers").mkdir()

    with pytest.raises(ValueError, match="paper 1 has another title"):
        read_annotated(write_paper(tmp_path / "papers", "About asthma"), marked)


def test_a_paper_that_is_missing_is_named(tmp_path: Path, marked: Path) -> None:
    (tmp_path / "papers").mkdir()
    write_paper(tmp_path / "papers", "On asthma").joinpath("1.txt").rename(tmp_path / "papers" / "2.txt")
    (tmp_path / "papers" / "2.txt").write_text("<ID:2>\nTitle: On gout\nAbstract: Nothing.\n")

    with pytest.raises(ValueError, match="paper 1 was annotated"):
        read_annotated(tmp_path / "papers", marked)
