"""Papers marked by a model: a corpus like those that people annotated, without the papers that are measured on."""

from collections.abc import Sequence
from pathlib import Path

from pubserve.contract import Mention
from pubserve.formats import WRITERS, Format
from training.data import PaperRecord
from training.data.papers import Mention as Marked
from training.extraction.corpus import AnnotatedPaper, read_corpus
from training.extraction.marking import marked_papers


class FindsAsthma:
    """Finds the word wherever it stands."""

    name = "finds asthma"

    def mentions(self, papers: Sequence[AnnotatedPaper]) -> list[list[Mention]]:
        return [
            [
                Mention(text="asthma", disease="asthma", field=field, start=start, end=start + 6, confidence=0.9)
                for field, text in (("title", paper.title), ("abstract", paper.abstract))
                if (start := text.find("asthma")) >= 0
            ]
            for paper in papers
        ]


def paper(number: int, words: str = "") -> PaperRecord:
    text = " ".join(f"{words or number}x{place}" for place in range(30))
    return PaperRecord(
        str(number), "On asthma", f"In asthma: {text}", label="Cancer", mentions=(Marked(0, 2, "On", "x"),)
    )


def test_a_paper_has_the_diseases_that_were_found_in_it_and_nothing_else_that_was_known_of_it(tmp_path: Path) -> None:
    marked = list(marked_papers([paper(1)], FindsAsthma(), measured_on=()))
    WRITERS[Format.JSONL](marked, tmp_path / "marked.jsonl")
    [read] = read_corpus(tmp_path / "marked.jsonl")

    assert marked[0].label is None
    assert [(a.field, a.start, a.text) for a in read.annotations] == [("title", 3, "asthma"), ("abstract", 3, "asthma")]


def test_papers_that_are_measured_on_and_what_resembles_them_are_left_out() -> None:
    papers = [paper(1), paper(2, words="same"), paper(3, words="same")]

    assert [marked.id for marked in marked_papers(papers, FindsAsthma(), measured_on={"3"})] == ["1"]
