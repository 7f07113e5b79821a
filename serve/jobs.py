"""A paper of a request that can be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from pubserve.contract import Paper
from serve.errors import UnreadablePaper
from serve.text.document import Document


@dataclass(frozen=True, slots=True)
class Job:
    """One readable paper of a request: its place there, as it was sent, as it is read, and what is odd about it."""

    index: int
    paper: Paper
    document: Document
    warnings: tuple[str, ...] = ()


def job_from(index: int, paper: Paper, document: Document, *, warnings: Sequence[str] = ()) -> Job:
    """A paper the pipeline can read.

    Raises:
        UnreadablePaper: neither title nor abstract holds any text.
    """
    if document.is_empty:
        raise UnreadablePaper(
            "Title and abstract are both empty; send at least one of them.", param=f"papers[{index}].abstract"
        )
    return Job(index, paper, document, tuple(warnings))
