"""What can be written in many ways is written in one."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.text.cleaning.characters import decode_entities, even_spaces, plain_characters
from serve.text.offsets import MappedText


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ("p &lt; 0.05", "p < 0.05"),
        ("p &amp;lt; 0.05", "p < 0.05"),
        ("p &amp;amp;#60; 0.05", "p < 0.05"),
        ("p &#38;lt; 0.05", "p < 0.05"),
        ("TGF-&beta;1 &#x3b2; &#946;", "TGF-β1 β β"),
        ("aims &amp; methods", "aims & methods"),
        ("AT&T; P&L", "AT&T; P&L"),
        ("R&D &nosuchname; &", "R&D &nosuchname; &"),
    ],
)
def test_entities_are_decoded_through_all_layers(raw: str, decoded: str) -> None:
    assert MappedText.of(raw).replace(decode_entities(raw)).text == decoded


def test_a_decoded_character_stands_for_its_entity() -> None:
    text = MappedText.of("p &amp;lt; 1").replace(decode_entities("p &amp;lt; 1"))

    assert text.raw_span(2, 3) == (2, 10)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("n\u00a0=\u20093", "n = 3"),
        ("car\u00adcinoma\u200b", "carcinoma"),
        ("non\u2011small\u2010cell, 1\u20132, \u22123", "non-small-cell, 1-2, -3"),
        ("\u2018a\u2019 and \u201cb\u201d", "'a' and \"b\""),
        ("\ufb01brosis, \U0001d443 value, \uff11\uff12", "fibrosis, P value, 12"),
        ("nai\u0308ve", "na\u00efve"),
        ("3\u00b5g of 1\u00b75", "3\u03bcg of 1.5"),
        ("1\u00b710\u2079", "1\u00b710\u2079"),
        ("a\r\nb\tc", "a\n\nb c"),
    ],
)
def test_characters_are_written_the_plain_way(raw: str, plain: str) -> None:
    assert MappedText.of(raw).replace(plain_characters(raw)).text == plain


@pytest.mark.parametrize(
    "text",
    [
        "\u03b1 \u03b2 \u03b3 Δ",
        "5 ± 2 \u00d7 3 ≥ ≤ → • ® €",
        "10² m² Ca²⁺ H₂O",
        "Müller \u2014 naïve",
        "日本語 😀 \ufffd",
    ],
)
def test_what_carries_meaning_stays(text: str) -> None:
    assert plain_characters(text) == []


@given(st.text(max_size=60))
def test_no_letter_digit_or_word_is_lost(raw: str) -> None:
    plain = MappedText.of(raw).replace(plain_characters(raw)).text

    def written(text: str) -> str:
        folded = unicodedata.normalize("NFKC", text)
        return "".join(char for char in folded if char.isalnum())

    assert written(plain) == written(raw)


@given(st.text(alphabet="ab \n", max_size=30))
def test_spaces_are_single_and_never_at_the_ends(raw: str) -> None:
    even = MappedText.of(raw).replace(even_spaces(raw)).text

    assert even.split() == raw.split()
    assert even == even.strip()
    assert not any(pair in even for pair in ("  ", "\n\n", " \n", "\n "))


def test_a_line_break_outlives_the_spaces_around_it() -> None:
    assert MappedText.of("a  \n\n b").replace(even_spaces("a  \n\n b")).text == "a\nb"
