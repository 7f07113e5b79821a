"""A document keeps every character where the caller had it."""

from hypothesis import given
from hypothesis import strategies as st

from serve.text.document import Document

# Everything a Python string can hold, lone surrogates included.
any_text = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)


def read(title: str | None = "", abstract: str | None = "", limit: int = 100) -> Document:
    return Document.from_caller(title, abstract, max_field_chars=limit)


@given(any_text, any_text)
def test_no_character_moves(title: str, abstract: str) -> None:
    document = read(title, abstract)

    assert (len(document.title), len(document.abstract)) == (len(title), len(abstract))
    for sent, kept in zip(title + abstract, document.title + document.abstract, strict=True):
        assert kept in (sent, "\ufffd")


@given(any_text, any_text)
def test_what_is_kept_can_be_encoded(title: str, abstract: str) -> None:
    document = read(title, abstract)

    assert "\x00" not in document.title + document.abstract
    (document.title + document.abstract).encode("utf-8")


def test_replaced_characters_are_warned_about() -> None:
    assert "abstract_characters_replaced" in read("A title", "a\x00b").warnings
    assert "title_characters_replaced" in read("a\ud800b", "An abstract").warnings
    assert read("A title", "An abstract").warnings == ()


def test_a_long_field_is_cut_with_a_warning() -> None:
    document = read("A title", "x" * 101)

    assert document.abstract == "x" * 100
    assert document.warnings == ("abstract_truncated",)


def test_a_missing_abstract_is_a_warning_and_not_an_error() -> None:
    assert read("A title", None).warnings == ("abstract_missing",)
    assert read("A title", " \n ").warnings == ("abstract_missing",)
    assert not read("A title", None).is_empty


def test_white_space_alone_is_no_text() -> None:
    assert read(" ", "\t\n").is_empty
