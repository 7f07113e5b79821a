"""MeSH, as far as diseases go: headings with their synonyms and their places in the trees."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from serve.extractor.vocabulary import REMEDY, VocabularyError

MESH_FILE = "mesh_id_label_mappings.tsv"
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

    def is_under(self, *trees: str) -> bool:
        """Whether a place of the heading is in one of these trees."""
        return any(place.startswith(trees) for place in self.places)


def read_headings(path: Path) -> Iterator[Heading]:
    """Read a table of headings: id, name, synonyms and places, the last two joined by `|`. Raises `VocabularyError`."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                cells = line.rstrip("\n").split("\t")
                if len(cells) < _CELLS:
                    raise VocabularyError(f"{path}:{number}: expected id, name, synonyms and places. {REMEDY}")
                yield Heading(cells[0], cells[1], _parts(cells[2]), _parts(cells[3]))
    except (OSError, UnicodeDecodeError) as error:
        raise VocabularyError(f"{path}: {error}. {REMEDY}") from error


def read_disease_headings(path: Path) -> list[Heading]:
    """The headings of diseases and of mental disorders, with names as people write them. Raises `VocabularyError`."""
    return [
        Heading(heading.id, _in_order(heading.name), tuple(map(_in_order, heading.synonyms)), heading.places)
        for heading in read_headings(path)
        if heading.is_under(*_DISEASE_TREES)
    ]


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split("|")))


def _in_order(name: str) -> str:
    """`Carcinoma, Non-Small-Cell Lung` as `Non-Small-Cell Lung Carcinoma`; a name of several commas stays."""
    head, comma, rest = name.partition(", ")
    return f"{rest} {head}" if comma and ", " not in rest else name
