"""Which papers are summed up together, and in what order."""

from pubserve.contract import Paper
from serve.agent.summary import nearest, parts

PAPERS = [Paper(id=str(n), title="x" * 40) for n in range(5)]


def ids(part: list[Paper]) -> str:
    return "".join(paper.id for paper in part)


def test_papers_of_one_call_keep_within_tokens_and_number() -> None:
    assert [ids(part) for part in parts(PAPERS, max_tokens=20, max_papers=9)] == ["01", "23", "4"]
    assert [ids(part) for part in parts(PAPERS, max_tokens=999, max_papers=3)] == ["012", "34"]
    assert [ids(part) for part in parts(PAPERS[:2], max_tokens=1, max_papers=3)] == ["0", "1"]
    assert list(parts([], max_tokens=1, max_papers=1)) == []


def test_what_few_texts_say_counts_for_more_than_what_most_say() -> None:
    texts = ["patients and treatment", "patients and the outcome of treatment", "cancers of patients", "nothing"]

    order = nearest("Which treatment changes the outcome of patients with cancer?", texts, lambda text: text)

    assert order == [texts[1], texts[2], texts[0], texts[3]]


def test_without_a_question_the_order_stays() -> None:
    assert nearest(None, ["b", "a"], lambda text: text) == ["b", "a"]
