"""From tagged words to names: a name counts if its places in a paper, taken together, are likely diseases.

A tagger decides word by word, and is surer in one sentence than in the next. A name that is a disease here is one
there, so all its places are judged at once, by the mean probability of their words. What is judged are the names that
the tagger drew the ends of, and those that the vocabularies know: where its ends are wrong, theirs may be right.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from serve.extractor.grounding import DocumentIndex, Field, Name
from serve.extractor.normalisation import Normaliser
from serve.extractor.phrasing import SAYS_NOTHING_ALONE
from serve.extractor.resolution import Resolved, name_key, resolve
from serve.extractor.tagging import OUTSIDE, TaggedRow, spans
from serve.text.document import Document
from serve.text.folding import is_abbreviation, words

SUPPORT_FILE = "support.json"

_BRACKET = re.compile(r"[()\[\]]")
_SMALL_WORDS = frozenset(
    ("a", "an", "and", "as", "at", "by", "due", "for", "from", "in", "of", "on", "or", "than", "the", "to", "with")
)

NamesIn = Callable[[str], Iterable[tuple[int, int]]]
"""Places in a text of names that a vocabulary knows."""


class Support(BaseModel):
    """What is learnt beside the weights, and shipped with them: how likely the words of a name must be diseases, and
    what names mean that no vocabulary has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = Setting(gt=0, lt=1)
    headings: dict[str, str] = {}
    """Headings of MeSH by name, as it is written."""

    @cached_property
    def learnt(self) -> dict[str, str]:
        """The headings by what `resolution.name_key` makes of the names."""
        return {name_key(name): heading for name, heading in self.headings.items()}

    @classmethod
    def load(cls, model_dir: Path) -> "Support":
        return cls.model_validate_json((model_dir / SUPPORT_FILE).read_text(encoding="utf-8"))

    def save(self, model_dir: Path) -> None:
        (model_dir / SUPPORT_FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def names(self, rows: Sequence[TaggedRow], document: Document, known: NamesIn) -> list[Name]:
        """The names that count, each as sure as its places are on average."""
        return [name for name in judged(rows, document, known) if name.confidence >= self.threshold]


def resolve_tags(rows: Sequence[TaggedRow], document: Document, support: Support, normaliser: Normaliser) -> Resolved:
    """From the tagged rows of a paper to its mentions, as the service answers them."""
    return resolve(support.names(rows, document, normaliser.names_in), document, normaliser, support.learnt)


def judged(rows: Sequence[TaggedRow], document: Document, known: NamesIn) -> list[Name]:
    """Every candidate once, whatever its spelling, with the mean probability of a disease over all its places."""
    index, likely = DocumentIndex(document), _Likely(rows)
    names: dict[str, Name] = {}
    for text in _candidates(rows, document, known):
        key = _spelling(text)
        if key not in names and key not in SAYS_NOTHING_ALONE and (places := index.find(text)):
            names[key] = Name(text, sum(likely.mean(*place) for place in places) / len(places))
    return list(names.values())


def _candidates(rows: Sequence[TaggedRow], document: Document, known: NamesIn) -> Iterator[str]:
    for row in rows:
        for field, start, end in spans(row):
            yield from _tidied(getattr(document, field)[start:end])
    for text in (document.title, document.abstract):
        for start, end in known(text):
            yield text[start:end]


def _spelling(text: str) -> str:
    """The same for every way to write a name; an abbreviation is written in one way: `ALL` is not `all`."""
    written = ((text[word.start : word.end], word.folded) for word in words(text))
    return " ".join(word if is_abbreviation(word) else folded for word, folded in written)


def _tidied(text: str) -> Iterator[str]:
    """The text as a name: brackets that are not closed in it cut it, and no small word begins or ends it."""
    is_closed = all(text.count(opening) == text.count(closing) for opening, closing in ("()", "[]"))
    for part in [text] if is_closed else _BRACKET.split(text):
        found = [word for word in words(part) if part[word.start : word.end].lower() not in _SMALL_WORDS]
        if found:
            yield part[found[0].start : found[-1].end]


class _Likely:
    """How likely the words of a paper are part of a disease."""

    def __init__(self, rows: Sequence[TaggedRow]) -> None:
        self._ends: defaultdict[Field, list[int]] = defaultdict(list)
        self._words: defaultdict[Field, list[tuple[int, float]]] = defaultdict(list)
        for row in rows:
            for word, given in zip(row.words, row.probabilities, strict=True):
                self._ends[word.field].append(word.end)
                self._words[word.field].append((word.start, 1 - given[OUTSIDE]))

    def mean(self, field: Field, start: int, end: int) -> float:
        """Over the words between two places of a field; 0 where there is none."""
        first = bisect_left(self._ends[field], start + 1)
        total, count = 0.0, 0
        for word_start, probability in self._words[field][first:]:
            if word_start >= end:
                break
            total, count = total + probability, count + 1
        return total / count if count else 0.0
