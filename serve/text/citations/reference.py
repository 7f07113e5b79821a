"""What a citation says, and where in a text it says it."""

from dataclasses import dataclass
from enum import StrEnum

from serve.text.offsets import Edit

MARK = "[CIT]"


class Kind(StrEnum):
    """How a citation names what it cites."""

    NUMERIC = "numeric"
    AUTHOR_YEAR = "author_year"


@dataclass(frozen=True, slots=True)
class Work:
    """A cited work: family names as written, `and_others` for "et al.", and the year with its letter ("2011a")."""

    authors: tuple[str, ...]
    year: str
    and_others: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """The parts of one citation: `numbers` with ranges written out if it is numeric, `works` if it names authors."""

    kind: Kind
    numbers: tuple[int, ...] = ()
    works: tuple[Work, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundCitation:
    """`text[start:end]` cites what `reference` says."""

    start: int
    end: int
    reference: Reference

    def as_mark(self, text: str) -> Edit:
        """The edit of `text` that puts the mark in this citation's place, a space apart from a word it was glued to."""
        glued = self.start > 0 and not text[self.start - 1].isspace() and text[self.start - 1] not in "(["
        return Edit(self.start, self.end, f" {MARK}" if glued else MARK)
