"""Batches sized by tokens: texts of similar length together, so that little is spent on padding."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar


class Tokenised(Protocol):
    """What goes through a model as one row."""

    @property
    def ids(self) -> list[int]: ...


Row = TypeVar("Row", bound=Tokenised)
Answer = TypeVar("Answer")
PASS_SHARE = 1 / 64
"""What a pass costs besides its tokens, as a share of the largest batch."""

Plan = Callable[[Sequence[int]], Iterable[list[int]]]
"""From the lengths of rows to batches of their indices."""


def plan_batches(lengths_tokens: Sequence[int], *, max_batch_tokens: int) -> Iterator[list[int]]:
    """Group indices so that `rows x longest row` stays within the budget; a longer text goes alone.

    Every index appears exactly once. Longest first, so that the largest allocation happens once, at the start.
    """
    order = sorted(range(len(lengths_tokens)), key=lengths_tokens.__getitem__, reverse=True)
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) + 1) * lengths_tokens[batch[0]] > max_batch_tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def plan_least_work(lengths_tokens: Sequence[int], *, max_batch_tokens: int) -> Iterator[list[int]]:
    """The same where all there is to read is known: of all plans within the budget, the one with the least to compute.

    A batch costs its padded tokens and, for starting it, a small part of the budget, `PASS_SHARE`: so batches are not
    filled at the price of padding, and not cut up either.
    """
    order = sorted(range(len(lengths_tokens)), key=lengths_tokens.__getitem__, reverse=True)
    pass_tokens = max_batch_tokens * PASS_SHARE
    # From the shortest text to the longest: the least work for all from `first` on, and where its first batch ends.
    least = [0.0] * (len(order) + 1)
    ends = [0] * len(order)
    for first in reversed(range(len(order))):
        longest = lengths_tokens[order[first]]
        last = max(first + 1, min(len(order), first + max_batch_tokens // max(1, longest)))
        least[first], ends[first] = min(
            ((end - first) * longest + pass_tokens + least[end], end) for end in range(first + 1, last + 1)
        )
    first = 0
    while first < len(order):
        yield order[first : ends[first]]
        first = ends[first]


def predict_in_batches(
    predict: Callable[[Sequence[Row]], Sequence[Answer]], rows: Sequence[Sequence[Row]], plan: Plan
) -> list[list[Answer]]:
    """The answers to the rows of each text, in order; batches are filled across texts."""
    flat = [row for of_text in rows for row in of_text]
    answers: dict[int, Answer] = {}
    for batch in plan([len(row.ids) for row in flat]):
        answers.update(zip(batch, predict([flat[i] for i in batch]), strict=True))
    in_order = iter(range(len(flat)))
    return [[answers[next(in_order)] for _ in of_text] for of_text in rows]


def padding_share(lengths_tokens: Sequence[int]) -> float:
    """Share of a padded batch that is padding, in [0, 1)."""
    return 1 - sum(lengths_tokens) / (len(lengths_tokens) * max(lengths_tokens))
