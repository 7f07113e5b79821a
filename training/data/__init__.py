"""Papers: read from any format, checked, and split so that nothing leaks."""

from typing import TYPE_CHECKING, Any

from pubserve.formats import WRITERS, Format
from pubserve.formats.records import Reason
from training.data.papers import LABELS, LabelledPaper, Mention, PaperRecord, parse_label
from training.data.readers import read_folder, read_labelled, read_papers
from training.data.report import Dropped, MalformedRecord, ReadReport

if TYPE_CHECKING:
    from training.data.splits import Part, split

__all__ = [
    "LABELS",
    "WRITERS",
    "Dropped",
    "Format",
    "LabelledPaper",
    "MalformedRecord",
    "Mention",
    "PaperRecord",
    "Part",
    "ReadReport",
    "Reason",
    "parse_label",
    "read_folder",
    "read_labelled",
    "read_papers",
    "split",
]


def __getattr__(name: str) -> Any:
    # Only training splits, and it is what needs scikit-learn: jobs that only read papers run without it.
    if name in ("Part", "split"):
        from training.data import splits

        return getattr(splits, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
