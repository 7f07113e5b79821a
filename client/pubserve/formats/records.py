"""What a file of papers holds, record by record: papers, or what is wrong with them."""

import re
from dataclasses import dataclass
from enum import StrEnum

LABELS = ("Cancer", "Non-Cancer")

MAX_RECORD_BYTES = 16 * 2**20
"""Whatever is larger is no paper. It is passed over without being held in memory."""

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
    """One paper as a file gave it, with what people said about it. The id names it; it never reaches a model.

    `label` is one of `LABELS`, or what the file says where that is none of them, or None where it says nothing.
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


class Reason(StrEnum):
    """Why a record, or what is left of a file, cannot be used."""

    UNREADABLE = "unreadable file"
    EMPTY = "no records"
    MALFORMED = "malformed record"
    TOO_LARGE = "record too large"
    NOT_UTF8 = "not UTF-8"
    NO_ID = "no id"
    NOTHING_TO_READ = "nothing to read"
    MISPLACED_MENTION = "misplaced mention"
    UNKNOWN_LABEL = "unknown label"
    NO_LABEL = "no label"
    DUPLICATE_ID = "duplicate id"
    CONFLICTING_LABELS = "conflicting labels"
    DELETED = "deleted by PubMed"


@dataclass(frozen=True, slots=True)
class Defect:
    """What a reader gives in place of a paper. `detail` says what is wrong and what was expected, without the text."""

    reason: Reason
    detail: str


TOO_LARGE = Defect(Reason.TOO_LARGE, f"over {MAX_RECORD_BYTES // 2**20} MiB; expected a title and an abstract")

Found = PaperRecord | Defect
Row = tuple[int, Found]
"""What a reader found, and the line it begins on (the row in Parquet; 0 for the file as a whole)."""
