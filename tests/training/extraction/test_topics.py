"""Topics that a reader gave keep to the scheme of the rules, and are what the rules are measured against."""

from pathlib import Path

import pytest

from serve.text.topics import INTERVENTIONS, OUTCOMES, STUDY_TYPES
from training.extraction.topics import LabelledTopics, read_labelled_topics, topic_scores


def test_half_of_the_papers_were_seen_when_the_rules_were_written() -> None:
    seen, unseen = read_labelled_topics("rules"), read_labelled_topics("report")

    assert len(seen) == len(unseen) == 30
    assert not {row.pmid for row in seen} & {row.pmid for row in unseen}


def test_a_reader_keeps_to_the_scheme() -> None:
    for row in [*read_labelled_topics("rules"), *read_labelled_topics("report")]:
        assert set(row.study_types) <= STUDY_TYPES.keys(), row.pmid
        assert set(row.interventions) <= INTERVENTIONS.keys(), row.pmid
        assert set(row.outcomes) <= OUTCOMES.keys(), row.pmid


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    (tmp_path / "1.txt").write_text("<ID:1>\nTitle: Surgery of the lung\nAbstract: A case report. The patient died.\n")
    (tmp_path / "2.txt").write_text("<ID:2>\nTitle: Lungs\nAbstract: The enzyme was purified from liver.\n")
    return tmp_path


def labelled(pmid: str, **topics: tuple[str, ...]) -> LabelledTopics:
    none: dict[str, tuple[str, ...]] = {"study_types": (), "interventions": (), "outcomes": ()}
    return LabelledTopics.model_validate({"pmid": pmid, "part": "report", **none, **topics})


def test_topics_are_counted_by_kind(papers: Path) -> None:
    one = labelled("1", study_types=("case report",), interventions=("surgery",), outcomes=("quality of life",))
    other = labelled("2", interventions=("drug treatment",))

    scores = topic_scores([one, other], papers)

    assert (scores["study type"].precision, scores["study type"].recall) == (1, 1)
    assert (scores["intervention"].precision, scores["intervention"].recall) == (1, 0.5)
    assert (scores["outcome"].precision, scores["outcome"].recall) == (0, 0)


def test_a_paper_that_is_missing_is_named(papers: Path) -> None:
    with pytest.raises(ValueError, match="not among the papers: 3"):
        topic_scores([labelled("3")], papers)
