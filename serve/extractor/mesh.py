"""MeSH, as far as diseases go: headings with their synonyms and their places in the trees."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from serve.extractor.vocabulary import REMEDY, VocabularyError

MESH_FILE = "mesh_id_label_mappings.tsv"
SUPPLEMENTS_FILE = "mesh_supp_id_label_mappings.tsv"
NEOPLASMS = "C04"
_DISEASE_TREES = ("C", "F03")
"""Diseases, and mental disorders."""
_CELLS = 4


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading: its id (`D008175`), name, synonyms, and places in the trees (`C04.588.894.797.520`)."""

    id: str
    name: str
    synonyms: tuple[str, ...]
    places: tuple[str, ...]
    kept_under: tuple[str, ...] = ()
    """Of a supplementary record: the ids of the headings of diseases that papers about it are found under."""

    def is_under(self, *trees: str) -> bool:
        """Whether a place of the heading is in one of these trees."""
        return any(place.startswith(trees) for place in self.places)


def read_headings(path: Path) -> Iterator[Heading]:
    """Read a table of headings: id, name, synonyms and places, the last two joined by `|`. Raises `VocabularyError`."""
    for id_, name, synonyms, places, *_ in _rows(path):
        yield Heading(id_, name, _parts(synonyms), _parts(places))


def read_disease_headings(path: Path) -> list[Heading]:
    """The headings of diseases and of mental disorders, with names as people write them. Raises `VocabularyError`."""
    return [
        Heading(heading.id, in_order(heading.name), tuple(map(in_order, heading.synonyms)), heading.places)
        for heading in read_headings(path)
        if heading.is_under(*_DISEASE_TREES)
    ]


def read_disease_supplements(path: Path, headings: Iterable[Heading]) -> list[Heading]:
    """The supplementary records of MeSH (`C536648`, mostly rare diseases) that are kept under one of these headings.

    They count as being at its places. Raises `VocabularyError`.
    """
    places = {heading.id: heading.places for heading in headings}
    supplements = []
    for cells in _rows(path):
        under = tuple(id_ for id_ in cells[3].split(",") if id_ in places)
        if under:
            at = tuple(place for id_ in under for place in places[id_])
            names = tuple(map(in_order, _parts(cells[2])))
            supplements.append(Heading(cells[0], in_order(cells[1]), names, at, under))
    return supplements


def _rows(path: Path) -> Iterator[list[str]]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                cells = line.rstrip("\n").split("\t")
                if len(cells) < _CELLS:
                    raise VocabularyError(f"{path}:{number}: expected id, name, synonyms and places. {REMEDY}")
                yield cells
    except (OSError, UnicodeDecodeError) as error:
        raise VocabularyError(f"{path}: {error}. {REMEDY}") from error


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split("|")))


def in_order(name: str) -> str:
    """`Carcinoma, Non-Small-Cell Lung` as `Non-Small-Cell Lung Carcinoma`; a name of several commas stays."""
    head, comma, rest = name.partition(", ")
    return f"{rest} {head}" if comma and ", " not in rest else name
