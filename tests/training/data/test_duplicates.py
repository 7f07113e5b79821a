"""Papers that are one paper are told by the words they share."""

from training.data.duplicates import duplicate_groups
from training.data.papers import LabelledPaper

ARTICLE = (
    "We randomised 310 adults with seasonal rhinitis to a nasal steroid or placebo for six weeks. The primary outcome "
    "was the change in symptom score. Scores fell by 4.1 points with the steroid and by 1.7 points with placebo. "
    "Adverse events were mild and equally frequent. A nasal steroid relieves seasonal rhinitis within six weeks."
)
OTHER = (
    "Children with seasonal rhinitis were asked about sleep, school and sport in a survey of twelve schools. One in "
    "three slept badly in May and June. Teachers saw no difference in marks, and parents no difference in mood."
)


def paper(abstract: str, title: str = "A title") -> LabelledPaper:
    return LabelledPaper(id="1", title=title, abstract=abstract, label="Non-Cancer")


def test_the_same_words_are_the_same_paper_whatever_case_and_punctuation() -> None:
    again = ARTICLE.upper().replace(".", ";").replace(" ", "\n")

    assert duplicate_groups([paper(ARTICLE), paper(OTHER), paper(again)]) == [0, 1, 0]


def test_a_paper_with_a_sentence_added_and_one_changed_is_the_same_paper() -> None:
    longer = ARTICLE.replace("mild and equally frequent", "rare") + " Funding was public."

    first, second = duplicate_groups([paper(ARTICLE), paper(longer)])

    assert first == second


def test_papers_on_one_subject_are_not_one_paper() -> None:
    assert len(set(duplicate_groups([paper(ARTICLE), paper(OTHER)]))) == 2


def test_without_an_abstract_the_titles_are_compared() -> None:
    groups = duplicate_groups([paper("", "On gout."), paper("", "On gout"), paper("", "On asthma in old age")])

    assert groups[0] == groups[1] != groups[2]


def test_no_papers_have_no_groups() -> None:
    assert duplicate_groups([]) == []
