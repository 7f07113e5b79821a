"""Annotated papers: offsets by field, and parts that share no paper."""

from training.data.papers import Mention, PaperRecord
from training.extraction.corpus import AnnotatedPaper, annotated, split, with_marked


def record(*mentions: Mention, title: str = "Lung cancer", abstract: str = "In asthma and lung cancer.") -> PaperRecord:
    return PaperRecord("1", title, abstract, mentions=mentions)


def disease(start: int, end: int, text: str, *ids: str, type_: str = "Disease") -> Mention:
    return Mention(start, end, text, type_, ids)


def paper(number: int, words: str, corpus: str = "") -> AnnotatedPaper:
    return AnnotatedPaper(f"{corpus}{number}", words, words, ())


def test_offsets_count_from_the_start_of_each_field() -> None:
    read = annotated(record(disease(0, 11, "Lung cancer"), disease(15, 21, "asthma")))

    assert [(a.field, a.start, a.end) for a in read.annotations] == [("title", 0, 11), ("abstract", 3, 9)]
    for annotation in read.annotations:
        assert getattr(read, annotation.field)[annotation.start : annotation.end] == annotation.text


def test_ids_say_which_vocabulary_they_are_of() -> None:
    [annotation] = annotated(record(disease(0, 11, "Lung cancer", "D008175", "OMIM:211980"))).annotations

    assert annotation.concept_ids == {"MESH:D008175", "OMIM:211980"}


def test_only_diseases_count() -> None:
    read = annotated(
        record(disease(0, 11, "Lung cancer", type_="Chemical"), disease(15, 21, "asthma", type_="Modifier"))
    )

    assert [a.text for a in read.annotations] == ["asthma"]


def test_of_overlapping_mentions_the_longest_stays() -> None:
    read = annotated(record(disease(5, 11, "cancer"), disease(0, 11, "Lung cancer")))

    assert [a.text for a in read.annotations] == ["Lung cancer"]


def test_a_mention_across_both_fields_is_none() -> None:
    assert annotated(record(disease(5, 14, "cancer In"))).annotations == ()


POOL = [paper(number, " ".join(f"w{number}x{place}" for place in range(30))) for number in range(60)]


def test_every_paper_is_in_one_part_and_one_in_about_twelve_is_to_choose_by() -> None:
    parts = split({"a": POOL[:40], "b": POOL[40:]}, {"c": []}, seed=17)

    assert sorted(p.id for p in [*parts.train, *parts.dev]) == sorted(p.id for p in POOL)
    assert 1 <= len(parts.dev) <= 12
    assert parts == split({"a": POOL[:40], "b": POOL[40:]}, {"c": []}, seed=17)


def test_what_is_measured_on_is_not_trained_on_whatever_its_id() -> None:
    same_text = AnnotatedPaper("elsewhere", POOL[0].title, POOL[0].abstract, ())
    same_id = AnnotatedPaper(POOL[1].id, "Another text", "of quite another paper", ())

    parts = split({"a": POOL}, {"test": [same_text, same_id]}, seed=17)

    assert {p.id for p in POOL} - {p.id for p in [*parts.train, *parts.dev]} == {POOL[0].id, POOL[1].id}
    assert parts.test == {"test": [same_text, same_id]}


def test_near_duplicates_stay_on_one_side() -> None:
    twins = [AnnotatedPaper(f"twin-{p.id}", p.title, p.abstract, ()) for p in POOL]

    parts = split({"a": [*POOL, *twins]}, {}, seed=17)

    texts = {p.abstract for p in parts.dev}
    assert texts
    assert not texts & {p.abstract for p in parts.train}


def test_papers_that_a_model_marked_are_trained_on_unless_another_part_has_them() -> None:
    parts = split({"a": POOL[:40]}, {"c": POOL[40:42]}, seed=17)
    again = AnnotatedPaper("new id", POOL[41].title, POOL[41].abstract, ())

    assert with_marked(parts, [*POOL[30:45], again]).marked == POOL[42:45]
