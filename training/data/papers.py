"""What a set of papers is made of, whatever file it came from."""

from dataclasses import dataclass

from pubserve.formats.records import LABELS, Mention, PaperRecord, parse_label

__all__ = ["LABELS", "LabelledPaper", "Mention", "PaperRecord", "parse_label"]


@dataclass(frozen=True, slots=True)
class LabelledPaper(PaperRecord):
    """A paper that has a label, one of `LABELS`: what training takes."""

    label: str
