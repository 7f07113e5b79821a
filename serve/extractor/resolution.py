"""From names a model wrote to mentions: every place of each, what it stands for, and whether it is denied."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pubserve.contract import DiseaseIds, Mention
from serve.extractor.concepts import Concept
from serve.extractor.grounding import Name, Place, ground
from serve.extractor.negation import negations
from serve.extractor.normalisation import EXACT, LEARNT, Normaliser, scored
from serve.text.abbreviations import find_abbreviations
from serve.text.document import Document
from serve.text.folding import fold, is_abbreviation, words

_SMALL_WORDS = frozenset(("of", "the", "in", "and", "or", "with", "without", "due", "to", "by", "on"))


@dataclass(frozen=True, slots=True)
class Resolved:
    """Mentions in reading order, title first, none overlapping another; and how many names were not in the text."""

    mentions: list[Mention]
    ungrounded: int
    areas: list[str]
    """Broad groups of the Disease Ontology that what is named, and not denied, falls into; the commonest first."""


def resolve(
    names: Iterable[Name], document: Document, normaliser: Normaliser, learnt: Mapping[str, str] = MappingProxyType({})
) -> Resolved:
    """Ground the names, and what the text abbreviates them to; look each up; see what is said about it.

    Args:
        learnt: headings of MeSH for names, by `name_key`, that no vocabulary has as they are.
    """
    long_forms = abbreviations(document)
    grounded = ground(_with_other_forms(names, long_forms), document)
    denied = _denied(grounded.places, document)
    mentions = []
    areas: Counter[str] = Counter()
    for place, is_denied in zip(grounded.places, denied, strict=True):
        meant = spelt_out(place.text, long_forms)
        concept = _concept(meant, normaliser, learnt)
        areas.update(concept.areas if concept and not is_denied else ())
        mentions.append(
            Mention(
                text=place.text,
                field=place.field,
                start=place.start,
                end=place.end,
                disease=display_name(concept.name if concept else _plain(meant)),
                ids=_ids(concept),
                is_cancer=concept.is_cancer if concept else None,
                negated=is_denied,
                confidence=round(place.name.confidence, 4),
            )
        )
    return Resolved(mentions, grounded.ungrounded, [area for area, _ in areas.most_common()])


def display_name(name: str) -> str:
    """`cancer of the lung` becomes `Cancer of the Lung`; a word with a capital or a digit stays (`HCL`, `NF1`)."""
    written = name.split()
    return " ".join(
        word if not word.islower() or (place and word in _SMALL_WORDS) else word.capitalize()
        for place, word in enumerate(written)
    )


def _denied(places: Sequence[Place], document: Document) -> list[bool]:
    """Whether each place is denied, field by field; places are in reading order."""
    return [
        denied
        for field in ("title", "abstract")
        for denied in negations(
            getattr(document, field), [(place.start, place.end) for place in places if place.field == field]
        )
    ]


def abbreviations(document: Document) -> dict[str, str]:
    """What a paper says its abbreviations stand for."""
    texts = document.title, document.abstract
    explained = {found.short: found.long for text in texts for found in find_abbreviations(text)}
    # "Adrenocortical carcinomas (ACCs)" explains ACC, too.
    singular = {short[:-1]: long for short, long in explained.items() if short.endswith("s") and short[:-1].isupper()}
    return singular | explained


def _with_other_forms(names: Iterable[Name], long_forms: Mapping[str, str]) -> Iterator[Name]:
    """The names, and for a name in its long or short form the other form, as sure as that."""
    short_forms: defaultdict[str, list[str]] = defaultdict(list)
    for short, spelt in long_forms.items():
        short_forms[fold(spelt)].append(short)
    for name in names:
        yield name
        if long := long_forms.get(name.text.strip()):
            yield Name(long, name.confidence)
        for short in short_forms.get(fold(name.text), ()):
            yield Name(short, name.confidence)


def spelt_out(text: str, long_forms: Mapping[str, str]) -> str:
    """The text with its abbreviations as the paper explains them: `HCL variant` is `hairy cell leukaemia variant`."""
    if long := long_forms.get(text) or long_forms.get(text.removesuffix("s")):
        return long
    for word in reversed(list(words(text))):
        if long := long_forms.get(text[word.start : word.end]):
            text = f"{text[: word.start]}{long}{text[word.end :]}"
    return text


def name_key(name: str) -> str:
    """The same for every way to write a name; an abbreviation is written in one way."""
    return name if is_abbreviation(name) else fold(name)


def _concept(name: str, normaliser: Normaliser, learnt: Mapping[str, str]) -> Concept | None:
    """What the vocabularies have as it is comes first; what was learnt counts before what is only like the name."""
    found = normaliser.normalise(name)
    if (found is None or found.score < EXACT) and (heading := learnt.get(name_key(name))):
        known = normaliser.heading(heading)
        return scored(known, LEARNT) if known else found
    return found


def _plain(name: str) -> str:
    """The same for every way to write a name that no vocabulary knows: white space and case aside."""
    return " ".join(word if is_abbreviation(word) else word.casefold() for word in name.split())


def _ids(concept: Concept | None) -> DiseaseIds:
    return DiseaseIds(doid=concept.doid, mesh=concept.mesh) if concept else DiseaseIds()
