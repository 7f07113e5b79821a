"""Structured abstracts: where the sections begin, and under which headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from serve.text.offsets import Edit

# A heading in capitals has one of these in it; in small letters it has nothing else, as "Patients:" may begin a list.
_HEADINGS = """
    abstract abstracts aim aims analysis areas background backgrounds case cases commentary conclusion
    conclusions context covered criteria data description descriptions design diagnoses diagnosis discussion
    evidence exposure features finding findings fund funding gain goal goals highlights hypothesis impact
    implication implications importance interest interests interpretation intervention interventions
    introduction investigations known learned lesson lessons limitation limitations management material
    materials measure measurement measurements measures message messages method methodology methods objective
    objectives observation observations opinion outcome outcomes participants patient patients perspective
    perspectives picture presentation problem procedure procedures purpose question rationale recommendation
    recommendations registration relevance report result results review sample setting settings significance
    source sources statement strategy study subjects summaries summary synopsis synthesis technique treatment
    treatments unlabelled unlabeled
"""
_CONNECTING = "and or of the for in main primary secondary experimental expert clinical key area"
_HEADING_WORDS = frozenset(_HEADINGS.split())
_CONNECTING_WORDS = frozenset(_CONNECTING.split())

_CAPITALS = r"[A-Z]{3,30}+\b(?:[ /&,'-]{1,3}[A-Z]{2,30}+\b|\(S\)){0,12}"
_MIXED = r"[A-Z][a-z]{2,20}+\b(?:[ /&,-]{1,3}[A-Za-z][a-z]{1,20}+\b){0,5}"
_SENTENCE_END = re.compile(r"[\n.!?)\]] ?(?=[A-Z])")
_HEADING = re.compile(
    rf"(?:(?P<capitals>{_CAPITALS})(?: ?(?P<stop>:+|—+)|\.(?= |$)|(?=\n| {{1,2}}[A-Z(]))"
    rf"|(?P<mixed>{_MIXED})(?: ?[:—]+|(?=\n)))\s*"
)
_WORD = re.compile("[a-z]+")
_LINE = re.compile(r"[^\n]+")


@dataclass(frozen=True, slots=True)
class Section:
    """`text[start:end]` is what stands under `heading`, which is empty where a section has none."""

    heading: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Heading:
    """`text[start:end]` is the heading itself; white space and punctuation around it reach from `outer` to `body`."""

    outer: int
    start: int
    end: int
    body: int


def sections(text: str) -> list[Section]:
    """The sections of an abstract in order, trimmed. A line break and a heading both begin a new one."""
    found = []
    headings = [_Heading(0, 0, 0, 0), *_headings(text)]
    ends = [*(heading.outer for heading in headings[1:]), len(text)]
    for heading, end in zip(headings, ends, strict=True):
        name = text[heading.start : heading.end]
        for line in _LINE.finditer(text, heading.body, end):
            if stripped := line.group().strip():
                start = line.start() + line.group().index(stripped)
                found.append(Section(name, start, start + len(stripped)))
                name = ""
    return found


def headings_on_lines(text: str) -> list[Edit]:
    """Every section with a heading begins a line, as those without one do: one form for both kinds of abstract."""
    return [
        Edit(heading.outer, heading.start, "\n")
        for heading in _headings(text)
        if heading.start > 0 and text[heading.start - 1] != "\n"
    ]


def drop_headings(text: str) -> list[Edit]:
    """Headings go; each section stays on a line of its own."""
    return [
        Edit(heading.outer, heading.body, "\n" if heading.outer > 0 and text[heading.outer - 1] != "\n" else "")
        for heading in _headings(text)
    ]


def _headings(text: str) -> Iterator[_Heading]:
    places = [(0, 0), *((match.start() + 1, match.end()) for match in _SENTENCE_END.finditer(text))]
    for outer, start in places:
        match = _HEADING.match(text, start)
        if match and _is_heading(match):
            yield _Heading(outer, start, match.end(_kind(match)), match.end())


def _is_heading(match: re.Match[str]) -> bool:
    words = _WORD.findall(match[_kind(match)].lower())
    if _HEADING_WORDS.isdisjoint(words):
        return False
    return bool(match["stop"]) or _CONNECTING_WORDS.issuperset(set(words) - _HEADING_WORDS)


def _kind(match: re.Match[str]) -> str:
    return "capitals" if match["capitals"] else "mixed"
