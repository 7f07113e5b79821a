"""Every character of a changed text knows the raw characters it stands for."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from serve.text.offsets import Edit, MappedText

texts = st.text(alphabet="abc é😀\n", max_size=30)


@st.composite
def texts_with_edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    spans = zip(cuts[::2], cuts[1::2], strict=False)
    return text, [Edit(start, end, draw(st.text(alphabet="XY", max_size=3))) for start, end in spans]


@given(texts)
def test_an_unchanged_text_stands_for_itself(raw: str) -> None:
    text = MappedText.of(raw)

    assert text.text == raw
    assert all(text.raw_span(i, i + 1) == (i, i + 1) for i in range(len(raw)))


@given(texts_with_edits())
def test_kept_characters_stay_mapped_to_themselves_and_replacements_to_all_they_replace(
    example: tuple[str, list[Edit]],
) -> None:
    raw, edits = example

    text = MappedText.of(raw).replace(edits)

    replaced = {(edit.start, edit.end) for edit in edits if edit.replacement}
    for place, char in enumerate(text.text):
        start, end = text.raw_span(place, place + 1)
        assert (start, end) in replaced if char in "XY" else raw[start:end] == char


@given(texts_with_edits(), st.data())
def test_the_map_never_goes_back_however_often_a_text_is_edited(
    example: tuple[str, list[Edit]], data: st.DataObject
) -> None:
    raw, edits = example
    text = MappedText.of(raw).replace(edits)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text.text)), min_size=2, max_size=2)))

    text = text.replace([Edit(cuts[0], cuts[1], data.draw(st.sampled_from(["", "Z", "ZZ"])))])

    assert len(text.text) == len(text.starts) == len(text.ends)
    assert all(a <= b for a, b in itertools.pairwise(text.starts))
    assert all(a <= b for a, b in itertools.pairwise(text.ends))
    assert all(0 <= start <= end <= len(raw) for start, end in zip(text.starts, text.ends, strict=True))


def test_a_replacement_of_a_replacement_stands_for_what_the_first_one_replaced() -> None:
    text = MappedText.of("a &amp;lt; b").replace([Edit(2, 10, "&lt;")])

    text = text.replace([Edit(2, 6, "<")])

    assert text.text == "a < b"
    assert text.raw_span(2, 3) == (2, 10)
    assert text.raw_span(4, 5) == (11, 12)


def test_a_span_across_a_deletion_takes_in_what_was_deleted() -> None:
    text = MappedText.of("lung (sic) cancer").replace([Edit(4, 10)])

    assert text.text == "lung cancer"
    assert text.raw_span(0, 11) == (0, 17)


def test_an_empty_span_is_empty_in_the_raw_text_too() -> None:
    text = MappedText.of("abcd").replace([Edit(1, 3)])

    assert (text.raw_span(0, 0), text.raw_span(1, 1), text.raw_span(2, 2)) == ((0, 0), (1, 1), (4, 4))
