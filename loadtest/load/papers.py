"""Papers to send: real ones from a folder, or made-up ones of the same lengths.

    python -m loadtest.load.papers FOLDER

prints the lengths of the papers in a folder: the deciles that made-up papers follow.
"""

import itertools
import random
import uuid
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Annotated

import typer

from pubserve import Paper
from training.data import read_papers

# Smallest, nine deciles, largest: characters of the biomedical abstracts that `python -m loadtest.load.papers` was
# pointed at. Between them lengths are spread evenly; a fitted curve would miss the pile below journals' word limits.
TITLE_CHARS = (13, 66, 77, 87, 97, 106, 114, 125, 137, 157, 231)
ABSTRACT_CHARS = (61, 862, 1067, 1243, 1390, 1505, 1621, 1727, 1858, 2096, 5600)

MADE_UP = 1_000
SENTENCE_WORDS = (8, 28)
VOCABULARY = (
    "patients with asthma lung cancer hypertension diabetes melanoma sepsis stroke anaemia were treated randomised "
    "compared followed after before during the a of in and to for at months weeks years baseline median cohort group "
    "placebo dose therapy surgery risk survival response expression gene mutation receptor serum tissue cells plasma "
    "levels increased reduced associated independent significant primary secondary outcome trial controls children "
    "adults women men clinical acute chronic severe mild early late tumour lesion biopsy diagnosis screening model "
    "analysis regression ratio interval confidence observed higher lower between among using measured reported"
)
WORDS = VOCABULARY.split()

Text = tuple[str, str]


class PaperSource:
    """Gives papers without end, in random order, each a text that was never sent before.

    A serial number ends every title, so that what a cache of answers saves is not taken for speed.
    """

    def __init__(self, texts: Sequence[Text], *, seed: int) -> None:
        self._texts = texts
        self._chance = random.Random(seed)
        self._run = uuid.uuid4().hex[:6]
        self._serial = itertools.count(1)

    @classmethod
    def from_folder(cls, path: Path, *, seed: int) -> "PaperSource":
        """The papers of a folder or file, again and again.

        Raises:
            FileNotFoundError: there is nothing at `path`.
            ValueError: there is no paper in it.
        """
        texts = [(paper.title, paper.abstract) for paper in read_papers(path)]
        if not texts:
            raise ValueError(f"{path} holds no paper that can be read; leave it out to send made-up papers")
        return cls(texts, seed=seed)

    @classmethod
    def made_up(cls, *, seed: int) -> "PaperSource":
        """Sentences of words that abstracts use, without sense; as long as real titles and abstracts are."""
        chance = random.Random(seed)
        # Made beforehand: a generator that is busy making papers would measure its own delay.
        texts = [(make_text(chance, TITLE_CHARS), make_text(chance, ABSTRACT_CHARS)) for _ in range(MADE_UP)]
        return cls(texts, seed=seed)

    def take(self, count: int) -> list[Paper]:
        """The next `count` papers."""
        return [self._next() for _ in range(count)]

    def _next(self) -> Paper:
        title, abstract = self._chance.choice(self._texts)
        name = f"{self._run}-{next(self._serial)}"
        return Paper(id=name, title=f"{title} {name}", abstract=abstract)


def make_text(chance: random.Random, deciles: Sequence[int]) -> str:
    """Sentences of random words; as many characters as a draw from the deciles says."""
    length = draw_length(chance, deciles)
    sentences: list[str] = []
    missing = length
    while missing > 0:
        sentence = " ".join(chance.choices(WORDS, k=chance.randint(*SENTENCE_WORDS))).capitalize() + "."
        sentences.append(sentence)
        missing -= len(sentence) + 1
    return " ".join(sentences)[: length - 1].rstrip() + "."


def draw_length(chance: random.Random, deciles: Sequence[int]) -> int:
    """A length from the distribution with these quantiles, even between neighbours."""
    place = chance.random() * (len(deciles) - 1)
    below = int(place)
    return round(deciles[below] + (place - below) * (deciles[below + 1] - deciles[below]))


def deciles_of(lengths: Sequence[int]) -> tuple[int, ...]:
    """Smallest, nine deciles, largest."""
    return (min(lengths), *(round(cut) for cut in quantiles(lengths, n=10, method="inclusive")), max(lengths))


def main(
    papers: Annotated[Path, typer.Argument(help="A folder or file of papers, in any format training reads.")],
) -> None:
    """Print the deciles of the lengths of titles and abstracts, in characters."""
    records = list(read_papers(papers))
    typer.echo(f"{len(records)} papers")
    typer.echo(f"TITLE_CHARS = {deciles_of([len(paper.title) for paper in records])}")
    typer.echo(f"ABSTRACT_CHARS = {deciles_of([len(paper.abstract) for paper in records])}")


if __name__ == "__main__":
    typer.run(main)
