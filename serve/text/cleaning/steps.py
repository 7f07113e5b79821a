"""The steps of cleaning, by name. A trained model records the names, so a name never changes its meaning."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from serve.text.citations import find_citations
from serve.text.cleaning import boilerplate, characters, headings, identifiers, markup, registrations
from serve.text.offsets import Edit

Field = Literal["title", "abstract"]
BOTH: tuple[Field, ...] = ("title", "abstract")
TITLE: tuple[Field, ...] = ("title",)
ABSTRACT: tuple[Field, ...] = ("abstract",)


class Flag(StrEnum):
    """What a reader of the cleaned paper should know about the paper as it came."""

    ABSTRACT_MISSING = "abstract_missing"
    NOTICE_ONLY = "notice_only"
    TRUNCATED_AT_SOURCE = "truncated_at_source"
    TRANSLATED_TITLE = "translated_title"
    NOT_CLEANED = "not_cleaned"


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of change: `edits` says what to change in a text of one of `fields`, and nothing if all is well.

    `flag` is raised for a paper in which the step finds something.
    """

    description: str
    edits: Callable[[str], Sequence[Edit]]
    fields: tuple[Field, ...] = BOTH
    flag: Flag | None = None


CITATIONS = "citations"


def mark_citations(text: str) -> list[Edit]:
    """Every citation becomes the mark."""
    return [citation.as_mark(text) for citation in find_citations(text)]


# In the order in which they are applied: first what hides text from the others, spaces last.
STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "notices": Step(
            "drop an abstract that is only a retraction, a correction or the word that there is none",
            boilerplate.drop_notice,
            ABSTRACT,
            Flag.NOTICE_ONLY,
        ),
        "entities": Step("decode HTML entities, however often they were encoded", characters.decode_entities),
        "characters": Step(
            "write odd spaces, hyphens, quotes, ligatures and letters the plain way; drop invisible ones",
            characters.plain_characters,
        ),
        "markup": Step("drop the tags of HTML, JATS and MathML; keep raised numbers raised", markup.strip_tags),
        "translated_titles": Step(
            "drop the brackets of a translated title, and the translator's note",
            boilerplate.open_translated_title,
            TITLE,
            Flag.TRANSLATED_TITLE,
        ),
        "truncation_notes": Step(
            "drop the note that MEDLINE cut the abstract",
            boilerplate.drop_truncation_note,
            ABSTRACT,
            Flag.TRUNCATED_AT_SOURCE,
        ),
        "editorial_notes": Step(
            "drop `[Formula: see text]` and pointers to other articles", boilerplate.drop_editorial_notes, ABSTRACT
        ),
        "registrations": Step(
            "drop registration numbers of trials and reviews with their lead-ins", registrations.drop_registrations
        ),
        "emails": Step("drop e-mail addresses", identifiers.drop_emails),
        "links": Step("drop web addresses, DOIs and PubMed numbers", identifiers.drop_links),
        "copyright": Step("drop copyright and publisher sentences at the end", boilerplate.drop_copyright, ABSTRACT),
        "own_citation": Step(
            "drop the paper's own place in its journal at the end", boilerplate.drop_own_citation, ABSTRACT
        ),
        CITATIONS: Step("put one mark for every citation, and list them", mark_citations),
        "section_lines": Step("begin a line with every section heading", headings.headings_on_lines, ABSTRACT),
        "drop_headings": Step("drop section headings, keep the line breaks", headings.drop_headings, ABSTRACT),
        "spaces": Step("one space or line break where there are several, none at the ends", characters.even_spaces),
    }
)

DEFAULT_STEPS: tuple[str, ...] = tuple(name for name in STEPS if name != "drop_headings")
