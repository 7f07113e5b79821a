"""What a name says, however it says it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.extractor.phrasing import SAYS_NOTHING_ALONE, essence, essence_of_harm, rephrased
from serve.text.folding import fold

_WORDS = st.lists(
    st.sampled_from(fold("kidney liver amyloidosis toxicity anemia chronic of the in iv").split()), max_size=5
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hypotensive", "hypotension"),
        ("thrombotic", "thrombosis"),
        ("schizophrenics", "schizophrenia"),
        ("cancer of the breast", "mammary tumours"),
        ("renal amyloidosis", "amyloidosis of the kidney"),
        ("type II collagen deficiency", "deficiency of type 2 collagen"),
    ],
)
def test_names_that_say_the_same_have_one_essence(one: str, other: str) -> None:
    assert essence(fold(one)) == essence(fold(other)) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hypotension", "hypertension"),
        ("epididymis", "epididymitis"),
        ("kidney disease", "liver disease"),
        ("lung cancer", "lung disease"),
    ],
)
def test_names_that_say_something_else_have_another(one: str, other: str) -> None:
    assert essence(fold(one)) != essence(fold(other))


@given(_WORDS)
def test_the_order_of_words_does_not_count(words: list[str]) -> None:
    assert essence(" ".join(words)) == essence(" ".join(reversed(words)))


@pytest.mark.parametrize("word", sorted(SAYS_NOTHING_ALONE))
def test_what_says_nothing_has_no_essence(word: str) -> None:
    assert essence(word) == essence_of_harm(word) == ""


@pytest.mark.parametrize("name", ["renal toxicity", "kidney damage", "hepatic kidney lesions"])
def test_harm_to_an_organ_is_a_disease_of_it(name: str) -> None:
    organ = name.rpartition(" ")[0]

    assert essence_of_harm(fold(name)) == essence(fold(f"{organ} disease"))


def test_a_name_is_said_the_vocabularys_way_likelier_ones_first() -> None:
    assert next(rephrased(fold("cancer of the breast"))) == fold("cancer of the breast disease")
    assert fold("breast cancer") in rephrased(fold("tumour of the breast"))
    assert fold("heart disease") in rephrased(fold("heart disorder"))
