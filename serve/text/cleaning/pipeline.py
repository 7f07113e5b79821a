"""Clean a paper in small steps, and know for every character that is left where it was."""

from collections.abc import Iterable
from dataclasses import dataclass

from serve.text.citations import Reference, find_citations
from serve.text.cleaning.steps import BOTH, CITATIONS, DEFAULT_STEPS, STEPS, Field, Flag
from serve.text.offsets import MappedText

# Real papers settle in two or three rounds; only nonsense made to unwrap layer by layer needs more than this.
_MAX_ROUNDS = 8


class UnknownStep(ValueError):
    """A name that is no cleaning step. The message lists those that are."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation as the caller wrote it: `text` stands in the raw `field` from `start` up to `end`."""

    field: Field
    start: int
    end: int
    text: str
    reference: Reference


@dataclass(frozen=True, slots=True)
class CleanPaper:
    """Title and abstract as a model should read them, with the way back to what the caller sent."""

    title: MappedText
    abstract: MappedText
    citations: tuple[Citation, ...]
    flags: frozenset[Flag]


@dataclass(frozen=True, slots=True)
class _CleanField:
    text: MappedText
    citations: list[Citation]
    flags: set[Flag]


class Cleaner:
    """Applies cleaning steps, in the order of `STEPS` however they are named.

    A text is done when every step has seen it and changed nothing. So cleaning what is clean changes nothing, whatever
    the steps are and however one makes work for another. A text that is not done after a few rounds was built to be
    taken apart endlessly: it is left exactly as it came and flagged, which cleaning again does as well.
    """

    def __init__(self, steps: Iterable[str] = DEFAULT_STEPS) -> None:
        """
        Raises:
            UnknownStep: if one of `steps` is not in `STEPS`.
        """
        wanted = set(steps)
        if unknown := sorted(wanted - STEPS.keys()):
            raise UnknownStep(f"no cleaning step is called {', '.join(unknown)}; there are {', '.join(STEPS)}")
        self.steps = tuple(name for name in STEPS if name in wanted)
        self._by_field = {
            field: [(name, STEPS[name]) for name in self.steps if field in STEPS[name].fields] for field in BOTH
        }

    def __call__(self, title: str, abstract: str) -> CleanPaper:
        """The cleaned paper; an abstract of which nothing is left is flagged as missing."""
        clean_title = self._clean("title", title)
        clean_abstract = self._clean("abstract", abstract)
        flags = clean_title.flags | clean_abstract.flags
        if not clean_abstract.text.text.strip():
            flags.add(Flag.ABSTRACT_MISSING)
        return CleanPaper(
            clean_title.text,
            clean_abstract.text,
            (*clean_title.citations, *clean_abstract.citations),
            frozenset(flags),
        )

    def _clean(self, field: Field, raw: str) -> _CleanField:
        clean = _CleanField(MappedText.of(raw), [], set())
        for _ in range(_MAX_ROUNDS):
            after = self._round(field, raw, clean)
            if after.text.text == clean.text.text:
                return _CleanField(clean.text, sorted(clean.citations, key=lambda c: c.start), clean.flags)
            clean = after
        return _CleanField(MappedText.of(raw), [], {Flag.NOT_CLEANED})

    def _round(self, field: Field, raw: str, clean: _CleanField) -> _CleanField:
        text, citations, flags = clean.text, [*clean.citations], {*clean.flags}
        for name, step in self._by_field[field]:
            edits = step.edits(text.text)
            if not edits:
                continue
            if name == CITATIONS:
                for found in find_citations(text.text):
                    start, end = text.raw_span(found.start, found.end)
                    citations.append(Citation(field, start, end, raw[start:end], found.reference))
            if step.flag:
                flags.add(step.flag)
            text = text.replace(edits)
        return _CleanField(text, citations, flags)
