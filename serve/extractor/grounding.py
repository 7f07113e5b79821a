"""From names a model wrote to places in the text. A name that is not in the text leads nowhere."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pubserve.contract import Mention
from serve.text.document import Document

MAX_ABBREVIATION_CHARS = 6


@dataclass(frozen=True, slots=True)
class Name:
    """A disease name as the model wrote it, and how sure it was, in [0, 1]."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Grounded:
    """Mentions in reading order, title first, none overlapping another; and how many names were not in the text."""

    mentions: list[Mention]
    ungrounded: int


def ground(names: Iterable[Name], document: Document) -> Grounded:
    """Find every occurrence of every name in the document.

    Letter case and the kind of white space do not matter, except that an abbreviation must match exactly: `ALL` is a
    leukaemia, `all` is a word. Of overlapping occurrences the longest stays.
    """
    best: dict[str, Name] = {}
    for name in names:
        key = _key(name.text)
        if key and (key not in best or name.confidence > best[key].confidence):
            best[key] = name
    found: list[Mention] = []
    ungrounded = 0
    for key, name in best.items():
        mentions = [
            Mention(
                text=match.group(),
                field=field,
                start=match.start(),
                end=match.end(),
                disease=display_name(key),
                confidence=round(name.confidence, 4),
            )
            for field, text in _fields(document)
            for match in _pattern(key).finditer(text)
        ]
        found += mentions
        ungrounded += not mentions
    return Grounded(_without_overlaps(found), ungrounded)


def display_name(name: str) -> str:
    """`lung cancer` becomes `Lung Cancer`; what already has a capital or a digit stays as it is (`HCL`, `NF1`)."""
    return " ".join(word.capitalize() if word.islower() else word for word in name.split())


def _fields(document: Document) -> tuple[tuple[Literal["title", "abstract"], str], ...]:
    return ("title", document.title), ("abstract", document.abstract)


def _key(name: str) -> str:
    """Names with the same key are the same name: white space folded, and case too, except in abbreviations."""
    name = " ".join(name.split()).strip(" \t\n.,;:()[]{}\"'")
    if not any(char.isalpha() for char in name):
        return ""
    return name if _is_abbreviation(name) else name.casefold()


def _is_abbreviation(name: str) -> bool:
    return len(name) <= MAX_ABBREVIATION_CHARS and sum(char.isupper() for char in name) >= 2


def _pattern(key: str) -> re.Pattern[str]:
    words = r"\s+".join(re.escape(word) for word in key.split())
    flags = re.NOFLAG if _is_abbreviation(key) else re.IGNORECASE
    return re.compile(rf"(?<!\w){words}(?!\w)", flags)


def _without_overlaps(mentions: list[Mention]) -> list[Mention]:
    kept: list[Mention] = []
    for mention in sorted(mentions, key=lambda m: (m.start - m.end, m.start)):
        if all(mention.field != k.field or mention.end <= k.start or k.end <= mention.start for k in kept):
            kept.append(mention)
    return sorted(kept, key=lambda m: (m.field != "title", m.start))
