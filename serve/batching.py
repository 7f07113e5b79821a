"""Batches sized by tokens: texts of similar length together, so that little is spent on padding."""

from collections.abc import Iterator, Sequence


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


def padding_share(lengths_tokens: Sequence[int]) -> float:
    """Share of a padded batch that is padding, in [0, 1)."""
    return 1 - sum(lengths_tokens) / (len(lengths_tokens) * max(lengths_tokens))
