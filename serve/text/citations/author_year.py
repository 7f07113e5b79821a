"""Citations by author and year: `(Smith et al., 2010; Jones and Lee 2011a)` and `Smith et al. (2010)`."""

import re
from collections.abc import Iterator

from serve.text.citations.reference import FoundCitation, Kind, Reference, Work

_YEAR = r"(?:1[89]|20)\d\d[a-z]?"
_YEARS = rf"{_YEAR}(?:(?:,\s?|\sand\s|\s?&\s?)(?:{_YEAR}|[a-z]\b)){{0,9}}"
_PARTICLES = r"(?:(?:van|von|de|der|den|del|della|di|da|dos|la|le|el|al|ten|ter|St\.?)[\s'\u2019-]){0,3}"
_INITIALS = r"(?:[A-Z]\s?\.[\s-]?){1,4}"
# A family name has a small letter in it: WHO and AJCC have versions with years, not works.
_NAME = rf"{_PARTICLES}(?:[OD]['\u2019])?[A-Z][^\W\d_]{{0,20}}[a-zß-ÿ](?:['\u2019-][^\W\d_]{{2,20}}){{0,2}}"
_PERSON = rf"(?:{_INITIALS}\s?)?{_NAME}(?:,?\s(?:[A-Z]{{1,3}}\b|{_INITIALS}))?(?:,?\s[JS]r\b\.?)?"
_AND = r"(?:,?\sand\s|,?\s?&\s?)"
_OTHERS = r",?\s?et\s?al\b\.?|,?\sand\s(?:colleagues|co-?workers|others)\b"

_ANY_YEAR = re.compile(rf"{_YEAR}\b")
_ONLY_YEARS = re.compile(_YEARS)
_REFERENCE = re.compile(
    rf"""(?:(?:(?:for\sreviews?,?\s)?see|e\.g\.|i\.e\.|cf\.?|reviewed\s(?:in|by)|as\sin|adapted\sfrom|by|after)(?:\salso)?[,:]?\s)?
    (?P<authors>{_PERSON}(?:(?:{_AND}|,\s){_PERSON}){{0,8}})(?P<others>{_OTHERS})?
    (?:
        [,.]?\s{{1,2}}\(?(?P<years>{_YEARS})\)?
      | [,.]?\s\(?(?P<dated>{_YEAR})\)?\.?,?\s(?P<source_after>.{{3,80}})
      | [,.]?\s(?P<source_before>.{{3,120}}?)[\s,.(]{{1,2}}(?P<dated_last>{_YEAR})\)?
    )\.?""",
    re.VERBOSE,
)
_MENTIONED_BEFORE = re.compile(
    rf"""(?<![\w.-])(?P<authors>{_PERSON}(?:{_AND}{_PERSON})?)(?P<others>{_OTHERS})?(?:['\u2019]s?)?\s?$""", re.VERBOSE
)
_WITH_INITIALS = re.compile(rf"{_INITIALS}|\s[A-Z]{{1,3}}\b")
_SAME_WORK = re.compile(r"(?:op\.?\s?cit|ibid|loc\.?\s?cit|unpublished)\.?", re.IGNORECASE)
# What comes before a place, and not before who wrote something.
_PLACE_BEFORE = re.compile(r"\b(?:in|from|at|of|between|for|during|since)\s$")
# These are the last of many names, of which the others would be left.
_LIST_BEFORE = re.compile(r"\b[A-Z]\s?\.?,\s$")
_NEVER_NAMES = """
    January February March April May June July August September October November December Jan Feb Mar Apr Jun
    Jul Aug Sep Sept Oct Nov Dec Spring Summer Autumn Fall Winter Since Until Between From Version Edition
    Update Year Phase Period Table Figure Study Cohort
"""
_NO_NAME = frozenset(_NEVER_NAMES.split())

_BRACKETS = re.compile(r"\((?P<round>(?:[^()]++|\([^()]*+\))*+)\)|\[(?P<square>(?:[^\[\]]++|\[[^\[\]]*+\])*+)\]")
_LONGEST_BRACKET_CHARS = 1500
_LONGEST_REFERENCE_CHARS = 250
_WINDOW_CHARS = 120


def author_year_citations(text: str) -> Iterator[FoundCitation]:
    """The citations by author and year.

    A single name with a year, "(Lyon 2004)", may be a place: it counts where the text has others that are certain.
    """
    if not _ANY_YEAR.search(text):
        return
    certain: list[FoundCitation] = []
    doubtful: list[FoundCitation] = []
    position = 0
    while match := _BRACKETS.search(text, position):
        inside = match["round"] if match["round"] is not None else match["square"]
        position = match.end()
        if len(inside) > _LONGEST_BRACKET_CHARS:
            position = match.start() + 1
        elif _ANY_YEAR.search(inside):
            if narrative := _narrative(text, match.start(), match.end(), inside):
                certain.append(narrative)
            elif found := _parenthetical(inside):
                works, is_certain = found
                (certain if is_certain else doubtful).append(_found(match.start(), match.end(), works))
            else:
                position = match.start() + 1
    yield from certain
    if certain:
        yield from doubtful


def _parenthetical(inside: str) -> tuple[list[Work], bool] | None:
    """The works of a bracket that holds references and nothing else, and whether they can be nothing else."""
    works: list[Work] = []
    certain = False
    for part in inside.split(";"):
        part = part.strip()
        if _SAME_WORK.fullmatch(part):
            continue
        match = _REFERENCE.fullmatch(part) if len(part) <= _LONGEST_REFERENCE_CHARS else None
        if match is None:
            return None
        names = _family_names(match["authors"])
        of_people = match["others"] is not None or _WITH_INITIALS.search(match["authors"]) is not None
        joined = re.search(_AND, match["authors"]) is not None
        if _NO_NAME.intersection(names) or not (of_people or (match["years"] and (joined or len(names) == 1))):
            return None
        certain = certain or of_people or joined
        years = match["years"] or match["dated"] or match["dated_last"]
        works += _works(names, years, match["others"] is not None)
    return (works, certain) if works else None


def _narrative(text: str, start: int, end: int, inside: str) -> FoundCitation | None:
    """`Smith et al. (2010)`: the bracket from `start` to `end` with the names before it."""
    window = max(0, start - _WINDOW_CHARS)
    match = _MENTIONED_BEFORE.search(text[window:start])
    if match is None:
        return None
    names = _family_names(match["authors"])
    before = text[window : window + match.start()]
    several = match["others"] is not None or (len(names) == 2 and not _PLACE_BEFORE.search(before))
    if not several or _LIST_BEFORE.search(before) or _NO_NAME.intersection(names):
        return None
    if _ONLY_YEARS.fullmatch(inside.strip()):
        years = inside
    elif match["others"] and inside[:1].isupper() and len(inside) <= _WINDOW_CHARS:
        years = _ANY_YEAR.findall(inside)[-1]
    else:
        return None
    return _found(window + match.start(), end, _works(names, years, match["others"] is not None))


def _found(start: int, end: int, works: list[Work]) -> FoundCitation:
    return FoundCitation(start, end, Reference(Kind.AUTHOR_YEAR, works=tuple(works)))


def _works(names: tuple[str, ...], years: str, and_others: bool) -> list[Work]:
    """One work a year; in "2011a,b" the second letter stands for the year before it."""
    works: list[Work] = []
    year = ""
    for written in re.findall(rf"{_YEAR}|\b[a-z]\b", years):
        year = written if len(written) > 1 else year[:4] + written
        works.append(Work(names, year, and_others))
    return works


def _family_names(authors: str) -> tuple[str, ...]:
    people = re.split(rf"{_AND}|,\s", authors)
    names = (re.sub(rf"^{_INITIALS}\s?|,?\s(?:[A-Z]{{1,3}}|{_INITIALS})$", "", person).strip() for person in people)
    return tuple(name for name in names if name and not re.fullmatch(rf"{_INITIALS}|[A-Z]{{1,3}}", name))
