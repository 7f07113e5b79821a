"""Papers become rows of tokens and tags become diseases again; nothing is lost on the way and nothing moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.tagging import BEGIN, INSIDE, OUTSIDE, Row, RowEncoder, TaggedRow, spans, tags
from serve.text.document import Document
from serve.text.folding import words

from .word_pieces import VOCABULARY, word_pieces

TOKENIZER = word_pieces()
CERTAIN = {OUTSIDE: [1.0, 0.0, 0.0], BEGIN: [0.0, 1.0, 0.0], INSIDE: [0.0, 0.0, 1.0]}

texts = st.text(alphabet="abz AB.\n,-(λé\u2009'1", max_size=80) | st.text(max_size=40)
documents = st.builds(Document, texts, texts)


def rows_of(title: str, abstract: str = "", *, max_tokens: int = 64) -> list[Row]:
    [rows] = RowEncoder(TOKENIZER, max_tokens=max_tokens).encode([Document(title, abstract)])
    return rows


def tagged(row: Row, *given: int) -> list[tuple[str, int, int]]:
    return list(spans(TaggedRow(row.words, [CERTAIN[tag] for tag in given])))


@given(documents, st.integers(min_value=3, max_value=40))
def test_every_row_fits_and_is_framed(document: Document, max_tokens: int) -> None:
    [rows] = RowEncoder(TOKENIZER, max_tokens=max_tokens).encode([document])

    for row in rows:
        assert len(row.ids) <= max_tokens
        assert (row.ids[0], row.ids[-1]) == (VOCABULARY["[CLS]"], VOCABULARY["[SEP]"])
        assert all(0 < word.token < len(row.ids) - 1 for word in row.words)


@given(documents, st.integers(min_value=3, max_value=40))
def test_every_word_has_its_place_in_one_row_in_reading_order(document: Document, max_tokens: int) -> None:
    [rows] = RowEncoder(TOKENIZER, max_tokens=max_tokens).encode([document])

    found = [(word.field, word.start, word.end) for row in rows for word in row.words]

    written = [(field, word.start, word.end) for field in ("title", "abstract")
               for word in words(getattr(document, field))]  # fmt: skip
    assert found == [place for place in written if place in set(found)]
    # A tokenizer may drop characters that it takes for control or accents; whatever letter it knows is there.
    known = [place for place in written if getattr(document, place[0])[place[1]] in "abzABZ1"]
    assert set(known) <= set(found)


def test_a_word_is_read_at_its_first_token() -> None:
    [row] = rows_of("Zoster of the lung")

    firsts = [TOKENIZER.convert_ids_to_tokens(row.ids[word.token]) for word in row.words]

    assert firsts == ["z", "of", "the", "lung"]


def test_rows_are_filled_with_whole_sentences() -> None:
    rows = rows_of("The lung.", "The cancer. The asthma.", max_tokens=9)

    read = [TOKENIZER.decode(row.ids, skip_special_tokens=True) for row in rows]

    assert read == ["the lung . the cancer .", "the asthma ."]


def test_a_sentence_longer_than_a_row_is_cut_before_a_word() -> None:
    rows = rows_of("the asthma of the lung cancer of zoster", max_tokens=10)

    assert [len(row.words) for row in rows] == [7, 1]
    assert TOKENIZER.convert_ids_to_tokens(rows[1].ids)[1:-1] == ["z", "##o", "##s", "##t", "##e", "##r"]


def test_a_word_longer_than_a_row_is_one_word_still() -> None:
    rows = rows_of("z" * 30 + " lung", max_tokens=12)

    assert [(word.start, word.end) for row in rows for word in row.words] == [(0, 30), (31, 35)]


def test_documents_keep_their_rows_apart() -> None:
    encoder = RowEncoder(TOKENIZER, max_tokens=64)

    rows = encoder.encode([Document("lung", ""), Document("", ""), Document("", "asthma")])

    assert [[word.field for row in of for word in row.words] for of in rows] == [["title"], [], ["abstract"]]
    assert encoder.encode([]) == []


def test_a_limit_without_room_for_a_token_is_an_error() -> None:
    with pytest.raises(ValueError, match="max_tokens: 2 leaves no room"):
        RowEncoder(TOKENIZER, max_tokens=2)


@given(documents, st.data())
def test_tags_say_where_diseases_are_and_read_back_as_the_same_places(document: Document, data: st.DataObject) -> None:
    [rows] = RowEncoder(TOKENIZER, max_tokens=1000).encode([document])
    for row in rows:
        marked = data.draw(st.sets(st.integers(min_value=0, max_value=max(0, len(row.words) - 1))))
        places = [(word.field, word.start, word.end) for place, word in enumerate(row.words) if place in marked]

        assert tagged(row, *tags(row, places)) == places


def test_a_disease_of_several_words_begins_once() -> None:
    [row] = rows_of("no cancer of the lung")

    assert tags(row, [("title", 3, 21)]) == [OUTSIDE, BEGIN, INSIDE, INSIDE, INSIDE]
    assert tagged(row, OUTSIDE, BEGIN, INSIDE, INSIDE, INSIDE) == [("title", 3, 21)]


def test_neighbouring_diseases_stay_two() -> None:
    [row] = rows_of("asthma cancer")

    assert tags(row, [("title", 0, 6), ("title", 7, 13)]) == [BEGIN, BEGIN]
    assert tagged(row, BEGIN, BEGIN) == [("title", 0, 6), ("title", 7, 13)]


def test_what_goes_on_with_nothing_begins() -> None:
    [row] = rows_of("the lung cancer")

    assert tagged(row, OUTSIDE, INSIDE, INSIDE) == [("title", 4, 15)]


def test_a_disease_does_not_go_on_from_the_title_into_the_abstract() -> None:
    [row] = rows_of("lung", "cancer")

    assert tagged(row, BEGIN, INSIDE) == [("title", 0, 4), ("abstract", 0, 6)]


def test_a_marked_part_of_a_word_marks_the_word() -> None:
    [row] = rows_of("the asthma")

    assert tags(row, [("title", 4, 6)]) == [OUTSIDE, BEGIN]
