"""Words with what does not change their meaning taken away: case, accents, plural, British or American spelling.

Folded words are for comparing only. A rule may make a stem that is no word (`metastases` and `metastasis` are both
`metastas`), and may now and then fold two words into one; what matters is that the spellings of one word agree.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"\w+")
_POSSESSIVE = re.compile("['\u2019]s\\b")
_SHORTEST_STEM = 3
_MAX_ABBREVIATION_CHARS = 6

_SPELLINGS = (("ae", "e"), ("oe", "e"), ("our", "or"), ("isation", "ization"), ("sulph", "sulf"))
"""British and American, inside a word."""
_ENDINGS = ("es", "is", "e", "s")
_KEPT_ENDINGS = ("ss", "us")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: `text[start:end]`, and that folded."""

    start: int
    end: int
    folded: str


def words(text: str) -> Iterator[Word]:
    """The words of a text in order; the `s` of a genitive is none (`Gaucher's` is `Gaucher`)."""
    genitives = {match.start() + 1 for match in _POSSESSIVE.finditer(text)}
    for match in _WORD.finditer(text):
        if match.start() not in genitives:
            yield Word(match.start(), match.end(), fold_word(match[0]))


def fold(text: str) -> str:
    """A phrase as its folded words: `Tumours of the N-cells` becomes `tumor of the n cell`."""
    return " ".join(word.folded for word in words(text))


@lru_cache(maxsize=65_536)
def fold_word(word: str) -> str:
    """One word folded; short ones keep their ending."""
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    if len(plain) <= _SHORTEST_STEM + 1:
        return plain.removesuffix("s") if len(plain) > _SHORTEST_STEM and not plain.endswith(_KEPT_ENDINGS) else plain
    for spelling, other in _SPELLINGS:
        plain = plain.replace(spelling, other)
    if plain.endswith("ies"):
        return plain.removesuffix("ies") + "y"
    if plain.endswith(_KEPT_ENDINGS):
        return plain
    for ending in _ENDINGS:
        if plain.endswith(ending) and len(plain) - len(ending) >= _SHORTEST_STEM:
            return plain.removesuffix(ending)
    return plain


def is_abbreviation(word: str) -> bool:
    """Whether a word is written as abbreviations are, so that its case counts: `ALL`, `NF1`, `mTOR`, not `Lung`."""
    return len(word) <= _MAX_ABBREVIATION_CHARS and sum(char.isupper() for char in word) >= 2
