"""Splits that cannot leak."""

from training.data.papers import LabelledPaper
from training.data.splits import FOLDS, cross_validation, split

SUBJECTS = ["asthma", "glioma", "sepsis", "lymphoma", "gout", "melanoma", "stroke", "sarcoma", "angina", "myeloma"]


def paper(number: int) -> LabelledPaper:
    """Every fourth paper is the one before it, published again under another id."""
    text = number - 1 if number % 4 == 3 else number
    words = [f"{SUBJECTS[(text * 7 + place * 3) % 10]}{text * place}" for place in range(40)]
    label = ("Cancer", "Non-Cancer")[number // 4 % 2]
    return LabelledPaper(id=str(number), title=f"Title {number}", abstract=" ".join(words), label=label)


PAPERS = [paper(number) for number in range(200)]


def test_every_paper_is_in_one_part_and_in_the_test_part_of_one_fold() -> None:
    folds = list(cross_validation(PAPERS, seed=1))

    assert len(folds) == FOLDS
    for parts in folds:
        assert sorted(int(p.id) for part in parts.values() for p in part) == list(range(200))
    assert sorted(int(p.id) for parts in folds for p in parts["test"]) == list(range(200))


def test_a_paper_published_twice_stays_on_one_side() -> None:
    for parts in cross_validation(PAPERS, seed=1):
        part_of = {int(p.id): part for part, papers in parts.items() for p in papers}
        assert all(part_of[number] == part_of[number - 1] for number in range(3, 200, 4))


def test_both_labels_have_their_share_in_every_part() -> None:
    for parts in cross_validation(PAPERS, seed=1):
        for papers in parts.values():
            assert 0.3 < sum(p.label == "Cancer" for p in papers) / len(papers) < 0.7


def test_the_seed_decides() -> None:
    assert split(PAPERS, seed=1) == split(PAPERS, seed=1)
    assert split(PAPERS, seed=1) != split(PAPERS, seed=2)


def test_ids_play_no_role() -> None:
    renamed = [LabelledPaper(id=f"x{p.id}", title=p.title, abstract=p.abstract, label=p.label) for p in PAPERS]

    for part, papers in split(PAPERS, seed=1).items():
        assert [f"x{p.id}" for p in papers] == [p.id for p in split(renamed, seed=1)[part]]
