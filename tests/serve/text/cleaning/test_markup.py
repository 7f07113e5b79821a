"""Tags go, signs stay."""

import pytest

from serve.text.cleaning import Cleaner

clean = Cleaner(["markup"])


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("the <i>KRAS</i> gene in <b>H<sub>2</sub>O</b>", "the KRAS gene in H2O"),
        ("of 10<sup>6</sup> cells, 10<sup>-8</sup>, Ca<sup>2+</sup>", "of 10⁶ cells, 10⁻⁸, Ca²⁺"),
        ("relapse<sup>1,2</sup> and <sup>18</sup>F", "relapse¹,² and ¹⁸F"),
        ("Drug<sup>TM</sup>", "DrugTM"),
        ("a <span class=\"x\" id='y'>word</span>", "a word"),
        ("<p>One.</p><p>Two.</p>", "\nOne.\n\nTwo.\n"),
        ("one<br/>two", "one\ntwo"),
        ("<jats:italic>in vitro</jats:italic> <SUB>x</SUB>", "in vitro x"),
        (
            '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><msub><mi>R</mi><mn>2</mn></msub></mrow>'
            "<annotation>$$ R_2 $$</annotation></semantics></math> maps",
            "R2 maps",
        ),
    ],
)
def test_known_tags_go_and_what_they_enclose_stays(raw: str, text: str) -> None:
    assert clean("", raw).abstract.text == text


@pytest.mark.parametrize(
    "text",
    [
        "p<0.001 and q>2",
        "a<b and c>d",
        "a <b and c> d",
        "if a<b>c then",
        "aged <P19). Seizures",
        "GT-- > AT",
        "<unknown>x</unknown>",
    ],
)
def test_signs_and_unknown_names_stay(text: str) -> None:
    assert clean("", text).abstract.text == text


def test_a_raised_number_stands_for_its_tags_too() -> None:
    text = clean("", "10<sup>-8</sup> M").abstract

    assert text.raw_span(2, 4) == (2, 15)
    assert text.raw_span(5, 6) == (16, 17)
