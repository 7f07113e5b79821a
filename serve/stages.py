"""What the two models say of a paper: plain values that travel between actors.

Durations are milliseconds measured inside one process each, so that clocks of different machines never meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pubserve.contract import Mention


@dataclass(frozen=True, slots=True)
class BatchStats:
    """One forward pass: tokens including padding, and the share of them that was padding, in [0, 1)."""

    rows: int
    padded_tokens: int
    padding_share: float


@dataclass(frozen=True, slots=True)
class LabelReading:
    """What the classifier says: calibrated confidence per category, and the categories at or above threshold."""

    predicted: list[str]
    confidences: dict[str, float]
    tokens: int
    truncated: bool
    queue_ms: float
    work_ms: float
    batches: tuple[BatchStats, ...] = ()
    """On the first paper of each batch only, so that a batch is counted once. A long paper may be in several."""


@dataclass(frozen=True, slots=True)
class DiseaseReading:
    """What the extractor says: grounded mentions in reading order, title first."""

    mentions: list[Mention]
    prompt_tokens: int
    completion_tokens: int
    ungrounded: int
    """Names the model wrote that are not in the text; they were dropped."""
    queue_ms: float
    work_ms: float
    areas: Sequence[str] = ()
    """Broad groups of diseases, the commonest first."""
    batches: tuple[BatchStats, ...] = ()
    """As of a label reading; none where an engine batches by itself."""


@dataclass(frozen=True, slots=True)
class StageFailure:
    """One paper that one stage could not read. The message is fit for the caller: no text, no internals."""

    code: str
    message: str
