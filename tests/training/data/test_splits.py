"""Splits that cannot leak."""

from training.data import LabelledPaper, split


def test_parts_are_disjoint_and_papers_published_twice_stay_together() -> None:
    papers = [
        LabelledPaper(str(n), f"Title {n}", f"Abstract number {n // 2}, twice!" if n < 40 else f"Text {n}", label)
        for n, label in enumerate(["Cancer", "Non-Cancer"] * 50)
    ]

    parts = split(papers, seed=1)

    assert sorted(int(p.id) for part in parts.values() for p in part) == list(range(100))
    parts_of_group: dict[str, set[str]] = {}
    for name, part in parts.items():
        for paper in part:
            parts_of_group.setdefault(paper.group, set()).add(name)
    assert len(parts_of_group) == 80
    assert all(len(names) == 1 for names in parts_of_group.values())
    assert parts == split(papers, seed=1)
    assert parts != split(papers, seed=2)
