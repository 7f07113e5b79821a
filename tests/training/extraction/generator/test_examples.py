"""A paper is shown in the units that serving cuts it into, each with the names that stand in it."""

from serve.text.sentences import units
from training.extraction.corpus import AnnotatedPaper, Annotation
from training.extraction.generator.examples import training_examples, units_of

TITLE = "Gout in asthma"
ABSTRACT = "Asthma was seen. No gout and no gout."
PAPER = AnnotatedPaper(
    "1",
    TITLE,
    ABSTRACT,
    (
        Annotation("title", 0, 4, "Gout"),
        Annotation("title", 8, 14, "asthma"),
        Annotation("abstract", 0, 6, "Asthma"),
        Annotation("abstract", 20, 24, "gout"),
        Annotation("abstract", 32, 36, "gout"),
    ),
)
BARE = [AnnotatedPaper(str(number), "", f"Nothing number {number} was found.", ()) for number in range(100)]


def test_a_unit_is_given_with_its_names_once_each_and_in_their_order() -> None:
    assert list(units_of(PAPER, max_chars=20)) == [
        (TITLE, ["Gout", "asthma"]),
        ("Asthma was seen.", ["Asthma"]),
        ("No gout and no gout.", ["gout"]),
    ]


def test_units_are_those_of_serving() -> None:
    served = [ABSTRACT[start:end] for start, end in units(ABSTRACT, max_chars=400)]

    assert [text for text, _ in units_of(PAPER, max_chars=400)] == [TITLE, *served]


def test_of_units_without_diseases_a_share_is_drawn_the_same_for_a_seed() -> None:
    drawn = training_examples([PAPER, *BARE], max_chars=20, share_without=0.5, seed=17)

    assert [unit for unit in drawn if unit[1]] == list(units_of(PAPER, max_chars=20))
    assert 80 < len(drawn) < 220  # a bare paper has two units, for it is longer than 20 characters
    assert drawn == training_examples([PAPER, *BARE], max_chars=20, share_without=0.5, seed=17)
    assert drawn != training_examples([PAPER, *BARE], max_chars=20, share_without=0.5, seed=18)


def test_all_are_kept_or_none() -> None:
    assert len(training_examples(BARE, max_chars=400, share_without=1.0, seed=17)) == len(BARE)
    assert training_examples(BARE, max_chars=400, share_without=0.0, seed=17) == []
