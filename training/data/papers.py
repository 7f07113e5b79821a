"""What a set of papers is made of, whatever file it came from."""

import re
from dataclasses import dataclass

LABELS = ("Cancer", "Non-Cancer")

_LABEL_BY_LETTERS = {label.lower().replace("-", ""): label for label in LABELS}


def parse_label(raw: str) -> str | None:
    """The member of `LABELS` that is meant, however its case and hyphen are written; None when it is none of them."""
    return _LABEL_BY_LETTERS.get(re.sub(r"[\s_-]", "", raw).lower())


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of text that annotators marked.

    `start` and `end` count characters of `PaperRecord.passage`, and `text` is what stands between them. `type` is the
    corpus's own name for the kind of mention. `concept_ids` are vocabulary ids as the corpus writes them: none when the
    annotators found no fitting concept, several when one mention names several.
    """

    start: int
    end: int
    text: str
    type: str
    concept_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """One paper as a file gave it. The id names it in reports; it never reaches a model.

    `label` is one of `LABELS`, or None where nobody has labelled the paper.
    """

    id: str
    title: str
    abstract: str
    label: str | None = None
    mentions: tuple[Mention, ...] = ()

    @property
    def text(self) -> str:
        """Title and abstract as they came, for whatever reads plain text."""
        return f"{self.title}\n{self.abstract}".strip()

    @property
    def passage(self) -> str:
        """What the offsets of mentions refer to: title, one space, abstract, as PubTator counts."""
        return f"{self.title} {self.abstract}"


@dataclass(frozen=True, slots=True)
class LabelledPaper(PaperRecord):
    """A paper that has a label, one of `LABELS`: what training takes."""

    label: str
