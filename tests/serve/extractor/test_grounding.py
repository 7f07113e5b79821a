"""Only what stands in the text is returned, wherever it stands, exactly as it stands there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.grounding import Name, ground
from serve.text.document import Document


def mentions(names: list[str], title: str = "", abstract: str = "") -> list[tuple[str, int, str]]:
    grounded = ground([Name(name, 0.9) for name in names], Document(title, abstract))
    return [(m.field, m.start, m.text) for m in grounded.places]


words = st.text(alphabet="aABb -.😀é\u0301\u202e", max_size=8)


@given(st.lists(words, max_size=6), st.text(alphabet="aABb -.😀é\u0301\u202e\n", max_size=60), words)
def test_every_mention_is_in_the_text_and_none_overlaps_another(names: list[str], abstract: str, title: str) -> None:
    document = Document(title, abstract)
    grounded = ground([Name(name, 0.5) for name in names], document)

    last_end = {"title": 0, "abstract": 0}
    for mention in grounded.places:
        field = getattr(document, mention.field)
        assert field[mention.start : mention.end] == mention.text != ""
        assert mention.start >= last_end[mention.field]
        last_end[mention.field] = mention.end


def test_every_occurrence_is_found_in_title_and_abstract() -> None:
    found = mentions(["asthma"], "Asthma today", "In asthma, or ASTHMA.")

    assert found == [("title", 0, "Asthma"), ("abstract", 3, "asthma"), ("abstract", 14, "ASTHMA")]


def test_what_is_not_in_the_text_is_dropped_and_counted() -> None:
    grounded = ground([Name("ebola", 0.9), Name("asthma", 0.9)], Document("", "Only asthma."))

    assert [m.text for m in grounded.places] == ["asthma"]
    assert grounded.ungrounded == 1


def test_an_abbreviation_must_match_in_case() -> None:
    assert mentions(["ALL"], abstract="All patients with ALL; all of them") == [("abstract", 18, "ALL")]


def test_the_longest_of_overlapping_mentions_stays() -> None:
    assert mentions(["cancer", "lung cancer"], abstract="lung cancer and cancer") == [
        ("abstract", 0, "lung cancer"),
        ("abstract", 16, "cancer"),
    ]


def test_a_name_is_found_across_a_line_break() -> None:
    assert mentions(["lung cancer"], abstract="lung\n cancer") == [("abstract", 0, "lung\n cancer")]


def test_part_of_a_word_is_no_mention() -> None:
    assert mentions(["flu"], abstract="influenza and fluent") == []


def test_offsets_count_code_points_after_emoji_combining_and_right_to_left_text() -> None:
    abstract = "😀 e\u0301te\u0301 \u202bمرض\u202c asthma"

    [(_, start, text)] = mentions(["asthma"], abstract=abstract)

    assert (start, text) == (abstract.index("asthma"), "asthma")


def test_names_without_a_letter_lead_nowhere() -> None:
    assert mentions(["12", "  ", "…"], abstract="12 … ") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hairy cell leukemia", "Hairy-cell leukaemias"),
        ("tumor", "tumours"),
        ("metastasis", "Metastases"),
        ("Sjogren syndrome", "Sjögren's syndrome"),
        ("T cell lymphoma", "T-cell lymphomas"),
        ("BCC", "BCCs"),
    ],
)
def test_another_spelling_is_the_same_name(name: str, text: str) -> None:
    assert mentions([name], abstract=f"In {text}, and so on.") == [("abstract", 3, text)]


def test_words_must_follow_one_another() -> None:
    assert mentions(["lung cancer"], abstract="lung or cancer; lung, cancer. lung/cancer") == []


def test_of_the_same_name_twice_the_surer_counts() -> None:
    grounded = ground([Name("asthma", 0.2), Name("Asthma", 0.8)], Document("", "asthma"))

    assert [place.name.confidence for place in grounded.places] == [0.8]
