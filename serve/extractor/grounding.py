"""From names a model wrote to places in the text. A name that is not in the text leads nowhere."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from serve.text.document import Document
from serve.text.folding import Word, fold, is_abbreviation, words

Field = Literal["title", "abstract"]
_LOOSE_GAP = frozenset(" \t\n\r\u00a0\u2009\u202f-\u2010\u2011\u2012\u2013\u2212")
"""What may stand between two words of a name, in place of another of these: white space and hyphens."""


@dataclass(frozen=True, slots=True)
class Name:
    """A disease name as the model wrote it, and how sure it was, in [0, 1]."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Place:
    """One occurrence of a name: `field[start:end] == text`."""

    text: str
    field: Field
    start: int
    end: int
    name: Name


@dataclass(frozen=True, slots=True)
class Grounded:
    """Places in reading order, title first, none overlapping another; and how many names were not in the text."""

    places: list[Place]
    ungrounded: int


def ground(names: Iterable[Name], document: Document) -> Grounded:
    """Find every occurrence of every name in the document.

    Letter case, plurals, hyphens, accents and British or American spelling do not matter, except that an abbreviation
    must match exactly, a plural `s` aside: `ALL` is a leukaemia, `all` is a word. Of overlapping occurrences the
    longest stays, and of names that are the same the surest.
    """
    index = DocumentIndex(document)
    found: dict[tuple[Field, int, int], Place] = {}
    ungrounded: set[str] = set()
    for name in sorted(names, key=lambda name: -name.confidence):
        spans = index.find(name.text)
        for field, start, end in spans:
            text = getattr(document, field)[start:end]
            found.setdefault((field, start, end), Place(text, field, start, end, name))
        if not spans and _could_be_a_name(name.text):
            ungrounded.add(fold(name.text))
    return Grounded(_without_overlaps(list(found.values())), len(ungrounded))


class DocumentIndex:
    """A paper whose words are known by place, so that many names can be looked for."""

    def __init__(self, document: Document) -> None:
        self._fields: tuple[tuple[Field, _Indexed], ...] = (
            ("title", _Indexed(document.title)),
            ("abstract", _Indexed(document.abstract)),
        )

    def find(self, name: str) -> list[tuple[Field, int, int]]:
        """Every occurrence, as `ground` describes it, title first; overlaps with other names do not matter here."""
        if not _could_be_a_name(name):
            return []
        pattern = _Pattern.of(name)
        return [(field, *span) for field, text in self._fields for span in text.find(pattern)]


def _could_be_a_name(text: str) -> bool:
    return any(char.isalpha() for char in text) and any(True for _ in words(text))


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A name as folded words, the words that must match exactly, and what stands between them."""

    folded: Sequence[str]
    exact: Sequence[str | None]
    gaps: Sequence[str]

    @classmethod
    def of(cls, name: str) -> "_Pattern":
        found = list(words(name))
        written = [name[word.start : word.end] for word in found]
        shouted = len(found) > 1 and name.isupper()
        return cls(
            folded=[word.folded for word in found],
            exact=[text if is_abbreviation(text) and not shouted else None for text in written],
            gaps=[name[a.end : b.start] for a, b in pairwise(found)],
        )


class _Indexed:
    """A text, and where each folded word stands in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._words: list[Word] = list(words(text))
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(self._words):
            self._places[word.folded].append(place)

    def find(self, pattern: _Pattern) -> Iterator[tuple[int, int]]:
        for place in self._places.get(pattern.folded[0], ()):
            run = self._words[place : place + len(pattern.folded)]
            if self._matches(run, pattern):
                yield run[0].start, run[-1].end

    def _matches(self, run: Sequence[Word], pattern: _Pattern) -> bool:
        if [word.folded for word in run] != list(pattern.folded):
            return False
        written = (self.text[word.start : word.end] for word in run)
        gaps = (self.text[a.end : b.start] for a, b in pairwise(run))
        return all(
            exact is None or text.removesuffix("s") == exact.removesuffix("s")
            for text, exact in zip(written, pattern.exact, strict=True)
        ) and all(_same_gap(gap, wanted) for gap, wanted in zip(gaps, pattern.gaps, strict=True))


def _same_gap(gap: str, wanted: str) -> bool:
    if gap == wanted:
        return True
    return _LOOSE_GAP.issuperset(_without_genitive(gap)) and _LOOSE_GAP.issuperset(_without_genitive(wanted))


def _without_genitive(gap: str) -> str:
    return gap[2:] if gap[:2] in ("'s", "\u2019s") else gap


def _without_overlaps(places: list[Place]) -> list[Place]:
    kept: list[Place] = []
    for place in sorted(places, key=lambda p: (p.start - p.end, p.start)):
        if all(place.field != k.field or place.end <= k.start or k.end <= place.start for k in kept):
            kept.append(place)
    return sorted(kept, key=lambda p: (p.field != "title", p.start))
